#!/usr/bin/env bash
# Compiles the lock files of requirements/ from pyproject.toml and requirements/*.in.
#
#   scripts/lock.sh            write them; what is locked stays as it is unless its source asks for something else
#   scripts/lock.sh --check    compare only: 1 when a lock file is not what its source says
#   scripts/lock.sh --upgrade  take the newest release of everything that pyproject.toml does not pin
#
# torch is in none of them: its CPU build is on an index of its own (requirements/torch.txt).
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-.venv/bin/uv}
out=requirements
upgrade=
case "${1:-}" in
  "") ;;
  --upgrade) upgrade=--upgrade ;;
  --check)
    # Compiled over a copy: uv keeps what the output file already pins, so a new release elsewhere is no drift.
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
    cp requirements/*.lock "$out"
    ;;
  *) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac

compile() {  # compile LOCK SOURCE [OPTION...]
  local lock=$1
  shift
  "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-emit-index-url \
    --custom-compile-command 'make lock' ${upgrade:+"$upgrade"} --output-file "$out/$lock" "$@"
}

compile runtime.lock pyproject.toml --overrides requirements/runtime-overrides.txt
compile bake.lock pyproject.toml --extra bake --constraints "$out/runtime.lock"
compile dev.lock pyproject.toml --extra bake --extra dev --constraints "$out/bake.lock"
compile bench.lock pyproject.toml --extra bake --extra dev --extra bench --constraints "$out/dev.lock"
compile sam.lock requirements/sam.in
compile policy.lock requirements/policy.in
compile openapi-client.lock requirements/openapi-client.in
compile schemathesis.lock requirements/schemathesis.in

[ "$out" = requirements ] && exit
for lock in "$out"/*.lock; do
  diff -u "requirements/${lock##*/}" "$lock" || drift=yes
done
if [ -n "${drift:-}" ]; then
  echo "lock.sh: the lock files are not what pyproject.toml says; run: make lock" >&2
  exit 1
fi
echo "lock files: no drift"
