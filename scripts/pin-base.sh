#!/usr/bin/env bash
# Writes the digest of the base image for production to base-image.txt. Commit that file.
#
#   scripts/pin-base.sh [IMAGE]     IMAGE: a tag (default: the one in the Dockerfile)
#
# A tag can point to another image tomorrow, a digest cannot. The digest of a multi-platform tag covers x86_64 and arm64.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${1:-$(sed -n 's/^ARG BASE=//p' Dockerfile)}
docker pull --quiet "$image" >&2
name=${image%:*}
pinned=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" | grep -F -m 1 "$name@sha256:") || {
  echo "pin-base.sh: the registry gave no digest for $image" >&2
  exit 1
}
# The tag is for the reader. Builds use the digest only.
echo "$image@${pinned#*@}" > "${BASE_IMAGE_FILE:-base-image.txt}"
echo "pin-base.sh: $image@${pinned#*@}" >&2
