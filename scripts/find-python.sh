#!/usr/bin/env bash
# Prints the path of a supported Python (3.11 to 3.13), or fails with one line if there is none.
# If $PYTHON is set, only this one is tried.
set -euo pipefail

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
  # Each Python is run, because a version manager has shims for versions that are not enabled.
  if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    command -v "$python"
    exit
  fi
done
echo "find-python.sh: needs Python 3.11, 3.12 or 3.13 with its venv module; name one with PYTHON=..." >&2
exit 1
