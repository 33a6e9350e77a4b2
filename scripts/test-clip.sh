#!/usr/bin/env bash
# Posts a picture to a running tagger and prints its tags, one a line, best first.
#
#   scripts/test-clip.sh [IMAGE] [URL]
#
# The default URL is http://localhost:7860. The default image is events/cat.jpg, a photo. If the demo model answers, which
# knows drawings only, it is a drawing of a cat. If the service needs an API key, set $API_KEY.
set -euo pipefail

case "${1:-}" in -h | --help) sed -n '2,7p' "$0"; exit ;; esac
root=$(dirname "$0")/..
url=${2:-http://localhost:7860}
url=${url%/}
request() {
  curl --silent --show-error --max-time 60 --write-out '\n%{http_code}' ${API_KEY:+--header "x-api-key: $API_KEY"} "$@" || {
    echo "test-clip.sh: no answer from $url; start the service with: make run" >&2
    exit 1
  }
}

image=${1:-}
if [ -z "$image" ]; then
  health=$(request "$url/health")
  case "$health" in *'"models/demo"'*) image=$root/tests/pictures/cat/hand-made-1.png ;; *) image=$root/events/cat.jpg ;; esac
  echo "${image#"$root/"}:" >&2
fi
[ -r "$image" ] || { echo "test-clip.sh: cannot read $image" >&2; exit 2; }
answer=$(request --form "file=@$image" "$url/tag")

STATUS=${answer##*$'\n'} BODY=${answer%$'\n'*} python3 - <<'PY'
import json, os, sys

status, body = os.environ["STATUS"], os.environ["BODY"]
try:
    answer = json.loads(body)
except ValueError:
    sys.exit(f"HTTP {status}: {body[:500]}")
if status != "200":
    title = answer.get("title") or answer.get("message") or "error"
    sys.exit(f"HTTP {status}: {title}: {answer.get('detail', '')}".rstrip(": "))
for tag in answer:
    owner = f" of {tag['of']}" if "of" in tag else ""
    print(f"{tag['score']:.4f}  {tag['label']}  ({tag['group']}{owner})")
if not answer:
    print("no tag fits")
PY
