#!/usr/bin/env bash
# Looks up the locked packages in OSV, the database of known vulnerabilities. Fails if it finds one.
#
# Without a connection to OSV the audit is skipped with a message, or fails if REQUIRE_AUDIT=1, as in CI.
# A vulnerability that does not affect this project goes into `accepted`, with its reason.
set -euo pipefail
cd "$(dirname "$0")/.."

osv=${OSV_URL:-https://api.osv.dev/v1/query}
accepted=(
  # --ignore-vuln ID   why it does not affect this project, and until when
)

if ! curl --silent --output /dev/null --max-time 10 "$osv"; then
  echo "audit: SKIPPED: cannot reach $osv, so known vulnerabilities were not looked up" >&2
  [ -z "${REQUIRE_AUDIT:-}" ] || exit 1
  exit 0
fi

audit() {  # audit FILE [OPTION...]
  echo "audit: $1" >&2
  # --disable-pip: every package is pinned, so pip has nothing to resolve.
  scripts/tool.sh policy pip-audit --strict --progress-spinner off --vulnerability-service osv --osv-url "$osv" \
    --disable-pip "${@:2}" --requirement "$1" ${accepted[@]+"${accepted[@]}"}
}

# torch is in no lock file. OSV lists it by its plain version, without "+cpu".
torch=$(mktemp)
trap 'rm -f "$torch"' EXIT
sed -nE 's/^(torch==[0-9.]+) .*"darwin".*/\1/p' requirements/torch.txt | head -1 > "$torch"
audit "$torch" --no-deps
for lock in requirements/*.lock; do
  audit "$lock" --require-hashes
done
