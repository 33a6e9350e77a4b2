#!/usr/bin/env bash
# Looks up what the lock files pin in the database of known vulnerabilities, OSV: 1 when it knows one.
#
# Where OSV cannot be reached, that is said and passed over; with REQUIRE_AUDIT=1, as in the pipeline, it is a failure.
# A vulnerability that does not concern us goes into `accepted`, with its reason.
set -euo pipefail
cd "$(dirname "$0")/.."

osv=${OSV_URL:-https://api.osv.dev/v1/query}
accepted=(
  # --ignore-vuln ID   why it does not concern us, and until when
)

if ! curl --silent --output /dev/null --max-time 10 "$osv"; then
  echo "audit: SKIPPED: $osv cannot be reached, so nothing is known of what is locked" >&2
  [ -z "${REQUIRE_AUDIT:-}" ] || exit 1
  exit 0
fi

audit() {  # audit FILE [OPTION...]
  echo "audit: $1" >&2
  # --disable-pip: all is pinned, nothing needs to be resolved.
  scripts/tool.sh policy pip-audit --strict --progress-spinner off --vulnerability-service osv --osv-url "$osv" \
    --disable-pip "${@:2}" --requirement "$1" ${accepted[@]+"${accepted[@]}"}
}

# torch is in no lock file; OSV knows it by the plain version, without "+cpu".
torch=$(mktemp)
trap 'rm -f "$torch"' EXIT
sed -nE 's/^(torch==[0-9.]+) .*"darwin".*/\1/p' requirements/torch.txt | head -1 > "$torch"
audit "$torch" --no-deps
for lock in requirements/*.lock; do
  audit "$lock" --require-hashes
done
