#!/usr/bin/env bash
# Creates or updates a stack's CloudWatch dashboard from infra/dashboard.json, with the AWS CLI.
#
#   scripts/dashboard.sh STACK            e.g. pet-tagger-dev; in the region of AWS_REGION or the AWS CLI
#   scripts/dashboard.sh --print STACK    print the dashboard instead
set -euo pipefail
cd "$(dirname "$0")/.."

print=
if [ "${1:-}" = --print ]; then
  print=yes
  shift
fi
[ $# -eq 1 ] && [[ $1 =~ ^[A-Za-z][A-Za-z0-9-]*$ ]] || { sed -n '2,5p' "$0" >&2; exit 2; }
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}
[ -n "$region" ] || { echo "dashboard.sh: no region: export AWS_REGION, e.g. AWS_REGION=eu-central-1" >&2; exit 2; }

body=$(sed -e "s/\${STACK}/$1/g" -e "s/\${REGION}/$region/g" infra/dashboard.json)
if [ -n "$print" ]; then
  printf '%s\n' "$body"
else
  aws cloudwatch put-dashboard --region "$region" --dashboard-name "$1" --dashboard-body "$body"
  echo "dashboard.sh: https://$region.console.aws.amazon.com/cloudwatch/home?region=$region#dashboards/dashboard/$1" >&2
fi
