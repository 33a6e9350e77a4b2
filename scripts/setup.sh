#!/usr/bin/env bash
# Creates .venv with the CPU build of torch and all packages of requirements/dev.lock.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

python=$(scripts/find-python.sh)
say "1/3 .venv, with $("$python" --version)"
"$python" -m venv --clear .venv # --clear: packages that are no longer locked must not stay installed
export PIP_DISABLE_PIP_VERSION_CHECK=1
say "2/3 torch, the CPU build (about 190 MB)"
.venv/bin/python -m pip install --no-deps --require-hashes --requirement requirements/torch.txt
say "3/3 the packages of requirements/dev.lock (half a minute)"
# --no-deps: the lock file is complete, and pip would install the dependencies of torch (see pyproject.toml).
.venv/bin/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/dev.lock
say "ready"
