#!/usr/bin/env bash
# Prints a Python that the project runs on (3.11 to 3.13), or says in one line that there is none.
# $PYTHON, if set, is the only one tried.
set -euo pipefail

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
  # Asked, not only looked up: a version manager's shim is there for versions it has not enabled.
  if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    command -v "$python"
    exit
  fi
done
echo "find-python.sh: needs Python 3.11, 3.12 or 3.13 with its venv module; name one with PYTHON=..." >&2
exit 1
