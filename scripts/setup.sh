#!/usr/bin/env bash
# Makes .venv: torch (the CPU build) and everything that requirements/dev.lock pins.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

python=$(scripts/find-python.sh)
say "1/3 .venv, with $("$python" --version)"
"$python" -m venv --clear .venv # what is no longer locked must not stay behind: code would still find it
export PIP_DISABLE_PIP_VERSION_CHECK=1
say "2/3 torch, the CPU build (about 190 MB)"
.venv/bin/python -m pip install --no-deps --require-hashes --requirement requirements/torch.txt
say "3/3 the packages of requirements/dev.lock (half a minute)"
# --no-deps: the lock is complete, and pip would look for torch's own needs (see pyproject.toml).
.venv/bin/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/dev.lock
say "ready"
