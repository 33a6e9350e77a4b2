#!/usr/bin/env bash
# Runs a tool in a separate virtual environment, because its dependencies conflict with ours. Created on first use.
#
#   scripts/tool.sh NAME COMMAND [ARGUMENT...]     installs requirements/NAME.lock into .venv-NAME
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv-$1
lock=$root/requirements/$1.lock
if [ ! "$venv/.ready" -nt "$lock" ]; then
  echo "tool.sh: installing ${lock##*/} in ${venv##*/} (a minute at most)" >&2
  "$("$root/scripts/find-python.sh")" -m venv --clear "$venv"
  # uv is used if it is installed, because it downloads packages in parallel.
  installer=("$venv/bin/python" -m pip install --disable-pip-version-check)
  [ -x "$root/.venv/bin/uv" ] && installer=("$root/.venv/bin/uv" pip install --python "$venv/bin/python")
  "${installer[@]}" --quiet --no-deps --require-hashes --requirement "$lock"
  touch "$venv/.ready"
fi
PATH=$venv/bin:$PATH exec "$venv/bin/$2" "${@:3}" # PATH: some tools call each other by name
