#!/usr/bin/env bash
# Lets API Gateway write access logs, unless the account has a role for this already. Once per account and region.
#
#   scripts/access-logs-role.sh      with the AWS CLI; the region is the AWS CLI's
set -euo pipefail
cd "$(dirname "$0")/.."

role=$(aws apigateway get-account --query cloudwatchRoleArn --output text)
if [[ $role == arn:* ]]; then
  echo "access-logs-role.sh: this account and region have $role already; nothing to do" >&2
  exit
fi
aws cloudformation deploy --template-file infra/api-gateway-logs.yaml --stack-name api-gateway-logs \
  --capabilities CAPABILITY_IAM
