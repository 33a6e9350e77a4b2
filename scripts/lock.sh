#!/usr/bin/env bash
# Compiles the lock files of requirements/ from pyproject.toml and requirements/*.in.
#
#   scripts/lock.sh            write them; locked versions stay unless the requirements no longer allow them
#   scripts/lock.sh --check    compare only; exit code 1 if a lock file is out of date
#   scripts/lock.sh --upgrade  use the newest releases that pyproject.toml allows
#
# No lock file contains torch, because its CPU build has its own package index (requirements/torch.txt).
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-.venv/bin/uv}
out=requirements
upgrade=
case "${1:-}" in
  "") ;;
  --upgrade) upgrade=--upgrade ;;
  --check)
    # uv keeps the versions of an existing output file, so a new release of a package does not count as a difference.
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
compile ministack.lock requirements/ministack.in

[ "$out" = requirements ] && exit
for lock in "$out"/*.lock; do
  diff -u "requirements/${lock##*/}" "$lock" || drift=yes
done
if [ -n "${drift:-}" ]; then
  echo "lock.sh: the lock files do not match pyproject.toml; run: make lock" >&2
  exit 1
fi
echo "lock files: no drift"
