#!/usr/bin/env bash
# Runs a tool of requirements/policy.lock (checkov, cfn-lint, hadolint, ...), installed in .venv-policy at first use.
#
#   scripts/policy.sh TOOL [ARGUMENT...]
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv-policy
if [ ! "$venv/.ready" -nt "$root/requirements/policy.lock" ]; then
  echo "policy.sh: installing the policy tools in .venv-policy (a minute)" >&2
  "$("$root/scripts/find-python.sh")" -m venv --clear "$venv"
  # uv, where it is at hand: of 150 packages it fetches many at once.
  installer=("$venv/bin/python" -m pip install --disable-pip-version-check)
  [ -x "$root/.venv/bin/uv" ] && installer=("$root/.venv/bin/uv" pip install --python "$venv/bin/python")
  "${installer[@]}" --quiet --no-deps --require-hashes --requirement "$root/requirements/policy.lock"
  touch "$venv/.ready"
fi
PATH=$venv/bin:$PATH exec "$venv/bin/$1" "${@:2}"
