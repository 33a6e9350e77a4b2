#!/usr/bin/env bash
# Prints the folder of the model to take where the hub cannot be reached: models/demo, or, until that is there, a small
# one with random weights that it makes.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -d models/demo ] && { echo models/demo; exit; }
[ -d models/random ] || .venv/bin/python -m tools.small_checkpoint models/random >&2
echo models/random
