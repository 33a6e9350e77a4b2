#!/usr/bin/env bash
# Tags an image with a deployed stack, over HTTPS, and fails if no tag comes back.
#
#   scripts/smoke-test.sh STACK [IMAGE]      with the AWS CLI and curl
#
# The default image is a photo, events/cat.jpg; a drawing if the demo model answers, which knows drawings only.
# Works with each AuthMode. Repeats on 403 and 5xx for two minutes, because a new API key or a cold start takes time.
# SMOKE_TEST_SECONDS and SMOKE_TEST_PAUSE change how long and how often.
set -euo pipefail
cd "$(dirname "$0")/.."

stack=${1:-} image=${2:-events/cat.jpg} drawing=tests/pictures/cat/hand-made-1.png
[ -n "$stack" ] || { sed -n '2,9p' "$0" >&2; exit 2; }

url=$(scripts/stack-output.sh "$stack" TagUrl)
key_id=$(scripts/stack-output.sh "$stack" ApiKeyId)
invoke_arn=$(scripts/stack-output.sh "$stack" InvokeArn)

authentication() {  # prints options for curl, which reads them from a file so that `ps` does not show secrets
  if [ -n "$key_id" ]; then
    printf 'header = "x-api-key: %s"\n' \
      "$(aws apigateway get-api-key --api-key "$key_id" --include-value --query value --output text)"
  elif [ -n "$invoke_arn" ]; then
    local AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN=
    eval "$(aws configure export-credentials --format env-no-export)"
    printf 'aws-sigv4 = "aws:amz:%s:execute-api"\nuser = "%s:%s"\n' \
      "$(cut -d: -f4 <<< "$invoke_arn")" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
    [ -z "$AWS_SESSION_TOKEN" ] || printf 'header = "x-amz-security-token: %s"\n' "$AWS_SESSION_TOKEN"
  fi
}

options=$(authentication)
deadline=$((SECONDS + ${SMOKE_TEST_SECONDS:-120}))
while true; do
  answer=$(curl --silent --show-error --max-time 60 --config <(printf '%s\n' "$options") \
    --write-out '\n%{http_code} %header{x-model}' --header 'Content-Type: application/octet-stream' \
    --data-binary "@$image" "$url") || answer=$'no connection\n000 '
  last=${answer##*$'\n'} body=${answer%$'\n'*}
  status=${last%% *}
  if [ "$last" = '200 models/demo' ] && [ -z "${2:-}" ] && [ "$image" != "$drawing" ]; then
    image=$drawing
    continue
  fi
  case "$status" in
    403 | 5?? | 000) [ "$SECONDS" -lt "$deadline" ] || break ;;
    *) break ;;
  esac
  echo "smoke-test.sh: status $status, trying again" >&2
  sleep "${SMOKE_TEST_PAUSE:-5}"
done

printf '%s\n' "$body"
[ "$status" = 200 ] || { echo "smoke-test.sh: status $status from $url" >&2; exit 1; }
[[ $body == *'"label"'* ]] || { echo "smoke-test.sh: no tag came back" >&2; exit 1; }
