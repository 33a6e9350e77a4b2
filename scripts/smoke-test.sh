#!/usr/bin/env bash
# Posts a picture to a deployed stack, over HTTPS and with its key, and fails if no tag comes back.
#
#   scripts/smoke-test.sh STACK [IMAGE]      with the AWS CLI; default: events/cat.jpg
set -euo pipefail
cd "$(dirname "$0")/.."

stack=${1:-}
[ -n "$stack" ] || { sed -n '2,4p' "$0" >&2; exit 2; }

output() {  # output NAME: one of the stack's, empty if it has none of that name
  aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}

url=$(output TagUrl)
key_id=$(output ApiKeyId)
if [ -n "$key_id" ]; then
  API_KEY=$(aws apigateway get-api-key --api-key "$key_id" --include-value --query value --output text)
  export API_KEY
fi
tags=$(scripts/test-clip.sh "${2:-events/cat.jpg}" "${url%/tag}")
printf '%s\n' "$tags"
[[ $tags != "no tag passes" ]] || { echo "smoke-test.sh: no tag came back" >&2; exit 1; }
