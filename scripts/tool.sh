#!/usr/bin/env bash
# Runs a tool that pins what we pin otherwise, from an environment of its own, made at first use.
#
#   scripts/tool.sh NAME COMMAND [ARGUMENT...]     NAME: that of a requirements/NAME.lock; its environment is .venv-NAME
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv-$1
lock=$root/requirements/$1.lock
if [ ! "$venv/.ready" -nt "$lock" ]; then
  echo "tool.sh: installing ${lock##*/} in ${venv##*/} (some seconds)" >&2
  "$("$root/scripts/find-python.sh")" -m venv "$venv"
  PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install --quiet --no-deps --require-hashes \
    --requirement "$lock"
  touch "$venv/.ready"
fi
exec "$venv/bin/$2" "${@:3}"
