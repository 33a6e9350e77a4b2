#!/usr/bin/env bash
# Deploys what `sam build` built to an environment of samconfig.toml, as a release of its own.
#
#   scripts/deploy.sh ENVIRONMENT [NAME=VALUE...]      e.g. scripts/deploy.sh dev AuthMode=Iam
#
# NAME=VALUE are parameters of the template, after those of samconfig.toml. $STACK_ROLE_ARN, if set, is the role that
# CloudFormation makes the stack with. $SAM, if set, is the command to run instead of scripts/sam.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${1:-}
[ -n "$environment" ] || { sed -n '2,7p' "$0" >&2; exit 2; }
configured=$("$(scripts/find-python.sh)" - "$environment" <<'PY'
import sys
import tomllib

with open("samconfig.toml", "rb") as file:
    environments = tomllib.load(file)
if "deploy" not in environments.get(sys.argv[1], {}):
    sys.exit(f"deploy.sh: samconfig.toml has no environment {sys.argv[1]!r}")
print(*environments[sys.argv[1]]["deploy"]["parameters"].get("parameter_overrides", []), sep="\n")
PY
)
if [ "$environment" = prod ]; then # what is deployed, not what should have been built
  label=org.opencontainers.image.base.name
  base=$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "${IMAGE:-tagfunction:pet-tagger}" 2>/dev/null) || base=
  case "$base" in
    *@sha256:*) ;;
    *) echo "deploy.sh: not built on a base pinned by digest: make pin-base, commit base-image.txt, make build ENV=prod" >&2; exit 1 ;;
  esac
fi
# Parameters given here replace those of samconfig.toml altogether, so all are given. Release: see template.yaml.
overrides=()
while IFS= read -r parameter; do
  [ -z "$parameter" ] || overrides+=("$parameter")
done <<< "$configured"
overrides+=("${@:2}" "Release=$(date +%s)")
${SAM:-scripts/sam.sh} deploy --config-env "$environment" --parameter-overrides "${overrides[@]}" \
  ${STACK_ROLE_ARN:+--role-arn "$STACK_ROLE_ARN"}
