#!/usr/bin/env bash
# Runs Python where openapi-python-client is: that of requirements/openapi-client.lock, installed at first use.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv-openapi-client
if [ ! "$venv/.ready" -nt "$root/requirements/openapi-client.lock" ]; then
  echo "openapi-client.sh: installing the generator in .venv-openapi-client (some seconds)" >&2
  "$("$root/scripts/find-python.sh")" -m venv "$venv"
  PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install --quiet --no-deps --require-hashes \
    --requirement "$root/requirements/openapi-client.lock"
  touch "$venv/.ready"
fi
exec "$venv/bin/python" "$@"
