#!/usr/bin/env bash
# Deploys the image of `make build` to an environment of samconfig.toml, as a new release.
#
#   scripts/deploy.sh ENVIRONMENT [NAME=VALUE...]      e.g. scripts/deploy.sh dev AuthMode=Iam
#
# NAME=VALUE are parameters of template.yaml, for this deployment only. Others are as in samconfig.toml, or else as in
# template.yaml. Optional variables:
#   STACK_ROLE_ARN        role with which CloudFormation creates the stack
#   PERMISSIONS_BOUNDARY  permissions boundary of the stack's roles; without it, the roles keep the boundary they have
#   IMAGE                 name of the built image
#   SAM                   command to run instead of scripts/sam.sh
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "deploy.sh: $1" >&2; exit 1; }

environment=${1:-}
[ -n "$environment" ] || { sed -n '2,11p' "$0" >&2; exit 2; }
stack=pet-tagger-$environment
configured=$("$(scripts/find-python.sh)" - "$environment" <<'PY'
import re
import sys
import tomllib

with open("samconfig.toml", "rb") as file:
    environments = tomllib.load(file)
if "deploy" not in environments.get(sys.argv[1], {}):
    sys.exit(f"deploy.sh: samconfig.toml has no environment {sys.argv[1]!r}")
with open("template.yaml", encoding="utf-8") as file:
    defaults = re.findall(r"^  (\w+):\n(?:    .*\n)*?    Default: (.*)$", file.read(), re.MULTILINE)
print(*(f"{name}={value}" for name, value in defaults if name != "PermissionsBoundary"), sep="\n")
print(*environments[sys.argv[1]]["deploy"]["parameters"].get("parameter_overrides", []), sep="\n")
PY
)
# Pass every parameter, because SAM reads samconfig.toml only if none is passed, and because CloudFormation keeps the
# previous value of a parameter that is not passed. If one comes twice, the last value counts.
overrides=()
while IFS= read -r parameter; do
  [ -n "$parameter" ] || continue
  [[ $parameter == ?*=* ]] || fail "$parameter is not NAME=VALUE"
  value=${parameter#*=} value=${value#\"} value=${value%\"}
  overrides+=("${parameter%%=*}=\"$value\"") # without quotes, SAM refuses empty values and cuts at spaces
  [[ $parameter != Architecture=* ]] || architecture=$value
done < <(printf '%s\n' "$configured" "${@:2}" "Release=$(date +%s)" \
  ${PERMISSIONS_BOUNDARY:+"PermissionsBoundary=$PERMISSIONS_BOUNDARY"})

# --- the image must fit the stack
image=${IMAGE:-tagfunction:pet-tagger}
built=$(docker image inspect --format '{{.Architecture}}' "$image" 2>/dev/null) || fail "there is no image $image: run make build"
case "$built" in amd64) built=x86_64 ;; esac
[ "$built" = "$architecture" ] ||
  fail "the image is built for $built, the stack wants $architecture: run make build ARCHITECTURE=$architecture"
if [ "$environment" = prod ]; then
  label=org.opencontainers.image.base.name
  base=$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$image") || base=
  [[ $base == *@sha256:* ]] ||
    fail "the base image is not pinned by digest: make pin-base, commit base-image.txt, make build ENV=prod"
fi

# --- where to deploy
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}
[ -n "$region" ] || fail "no region: export AWS_REGION, e.g. AWS_REGION=eu-central-1"
export AWS_REGION=$region
artifact() {  # artifact NAME: an output of the stack that infra/artifacts.yaml creates
  scripts/stack-output.sh "$stack-artifacts" "$1" || fail "cannot read the stack $stack-artifacts in $region. To create it:
  aws cloudformation deploy --template-file infra/artifacts.yaml --stack-name $stack-artifacts"
}
repository=$(artifact ImageRepository)
bucket=$(artifact Bucket)

echo "deploy.sh: $stack in $region" >&2
${SAM:-scripts/sam.sh} deploy --config-env "$environment" --region "$region" --parameter-overrides "${overrides[@]}" \
  --image-repository "$repository" --s3-bucket "$bucket" ${STACK_ROLE_ARN:+--role-arn "$STACK_ROLE_ARN"}
scripts/delete-old-versions.sh "$stack-tag"
