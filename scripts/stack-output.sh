#!/usr/bin/env bash
# Prints an output of a CloudFormation stack. Fails if the stack does not exist; prints nothing if the output does not.
#
#   scripts/stack-output.sh STACK NAME
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,4p' "$0" >&2; exit 2; }
aws cloudformation describe-stacks --stack-name "$1" --output text \
  --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue"
