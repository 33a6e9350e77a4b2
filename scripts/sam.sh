#!/usr/bin/env bash
# Runs the SAM CLI: the one on PATH if it is recent enough, otherwise the one of requirements/sam.lock.
set -euo pipefail

oldest=1.138.0 # the oldest version that was tested with this template
export SAM_CLI_TELEMETRY=${SAM_CLI_TELEMETRY:-0}

if version=$(sam --version 2>/dev/null) && printf '%s\n' "$oldest" "${version##* }" | sort -VC; then
  exec sam "$@"
fi
exec "$(dirname "$0")/tool.sh" sam sam "$@"
