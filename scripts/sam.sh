#!/usr/bin/env bash
# Runs the SAM CLI: the one on PATH if it is recent, else that of requirements/sam.lock, installed in .venv-sam at
# first use (an environment of its own: it pins what we pin otherwise).
set -euo pipefail

oldest=1.138.0 # the oldest that this template is known to build with
root=$(cd "$(dirname "$0")/.." && pwd)
export SAM_CLI_TELEMETRY=${SAM_CLI_TELEMETRY:-0}

if version=$(sam --version 2>/dev/null) && printf '%s\n' "$oldest" "${version##* }" | sort -VC; then
  exec sam "$@"
fi
if [ ! "$root/.venv-sam/.ready" -nt "$root/requirements/sam.lock" ]; then
  echo "sam.sh: installing the SAM CLI in .venv-sam (half a minute)" >&2
  "$("$root/scripts/find-python.sh")" -m venv "$root/.venv-sam"
  PIP_DISABLE_PIP_VERSION_CHECK=1 "$root/.venv-sam/bin/python" -m pip install --quiet --no-deps --require-hashes \
    --requirement "$root/requirements/sam.lock"
  touch "$root/.venv-sam/.ready"
fi
exec "$root/.venv-sam/bin/sam" "$@"
