#!/usr/bin/env bash
# Serves the tagger on this machine, without Docker: bakes the model, then runs uvicorn.
#
#   MODEL_ID        a CLIP checkpoint: hub id or folder (default: openai/clip-vit-base-patch32)
#   MODEL_REVISION  its revision
#   MODEL_DIR       folder for the baked model (default: build/model)
#   PORT            default 7860
#
# If the model hub cannot be reached and MODEL_ID is not set, it serves the demo model and prints a warning.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
port=${PORT:-7860}
export MODEL_DIR=${MODEL_DIR:-build/model}
readonly hub_unreachable=3 # exit code of function.bake

bake() {  # bake MODEL [OPTION...]
  "$python" -m function.bake --model "$1" --out "$MODEL_DIR" "${@:2}"
}

status=0
bake "${MODEL_ID:-openai/clip-vit-base-patch32}" ${MODEL_REVISION:+--revision "$MODEL_REVISION"} || status=$?
if [ "$status" -eq "$hub_unreachable" ] && [ -z "${MODEL_ID:-}" ]; then
  demo=$(scripts/demo-model.sh)
  cat >&2 <<WARNING

  !! The model hub cannot be reached: this serves the small model $demo, not the real one.
  !! It shows how the service works, not how well it tags. Run again with a network for the real model.

WARNING
  bake "$demo"
elif [ "$status" -ne 0 ]; then
  exit "$status"
fi

# Ctrl-C or SIGTERM stops the service. SIGTERM reaches only this script, so it is forwarded to the server. The server
# finishes requests in progress for at most five seconds. Then the script exits with 0.
"$python" -m uvicorn function.handler:app --port "$port" --timeout-graceful-shutdown 5 &
server=$!
stop() {
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" || true
  exit 0
}
trap stop INT TERM
wait "$server"
