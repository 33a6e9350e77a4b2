#!/usr/bin/env bash
# Posts a picture to a running tagger and prints its tags, one a line, best first.
#
#   scripts/test-clip.sh [IMAGE] [URL]      defaults: events/cat.jpg, http://localhost:7860
#
# If the service needs an API key, set $API_KEY.
set -euo pipefail

case "${1:-}" in -h | --help) sed -n '2,6p' "$0"; exit ;; esac
image=${1:-$(dirname "$0")/../events/cat.jpg}
url=${2:-http://localhost:7860}
[ -r "$image" ] || { echo "test-clip.sh: cannot read $image" >&2; exit 2; }

answer=$(curl --silent --show-error --max-time 60 --write-out '\n%{http_code}' \
  ${API_KEY:+--header "x-api-key: $API_KEY"} --form "file=@$image" "${url%/}/tag") || {
  echo "test-clip.sh: no answer from $url; start the service with: make run" >&2
  exit 1
}

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
    print(f"{tag['score']:.4f}  {tag['label']}  ({tag['group']})")
if not answer:
    print("no tag passes")
PY
