#!/usr/bin/env bash
# Writes down, by digest, the base image that production is built on: base-image.txt, to be committed.
#
#   scripts/pin-base.sh [IMAGE]     IMAGE: a tag; default: the one in the Dockerfile
#
# A tag moves; its digest does not. That of a multi-platform tag is the index's, the same for x86_64 and arm64.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${1:-$(sed -n 's/^ARG BASE=//p' Dockerfile)}
docker pull --quiet "$image" >&2
name=${image%:*}
pinned=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" | grep -F -m 1 "$name@sha256:") || {
  echo "pin-base.sh: no registry has given a digest of $image" >&2
  exit 1
}
# With the tag, which builds ignore, for the reader.
echo "$image@${pinned#*@}" > "${BASE_IMAGE_FILE:-base-image.txt}"
echo "pin-base.sh: $image@${pinned#*@}" >&2
