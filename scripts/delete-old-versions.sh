#!/usr/bin/env bash
# Deletes old published versions of a Lambda function, because each one costs money with SnapStart.
#
#   scripts/delete-old-versions.sh FUNCTION [KEEP]      KEEP: number of newest versions to keep (default: 2)
#
# Versions that an alias points to are kept, too.
set -euo pipefail

function=${1:-} keep=${2:-2}
[ -n "$function" ] || { sed -n '2,6p' "$0" >&2; exit 2; }

words() { tr '[:space:]' '\n'; }

versions=$(aws lambda list-versions-by-function --function-name "$function" --output text --query 'Versions[].Version')
# shellcheck disable=SC2016 # the backquotes are JMESPath
aliased=$(aws lambda list-aliases --function-name "$function" --output text \
  --query 'Aliases[].[FunctionVersion, keys(RoutingConfig.AdditionalVersionWeights || `{}`)][][]')
old=$(words <<< "$versions" | grep -E '^[0-9]+$' | sort -rn | tail -n "+$((keep + 1))") || true
for version in $old; do
  if ! words <<< "$aliased" | grep -qx "$version"; then
    echo "delete-old-versions.sh: $function version $version" >&2
    aws lambda delete-function --function-name "$function" --qualifier "$version"
  fi
done
