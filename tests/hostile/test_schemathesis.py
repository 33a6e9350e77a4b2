"""Schemathesis sends valid and invalid requests, generated from the OpenAPI document, to the running service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import ROOT

_CONFIGURATION = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 501]  # no uploads, because this server has no bucket

# Schemathesis counts an empty `image` beside a valid `file` as invalid. Browsers send that, so it is accepted.
[[operations]]
include-name = "POST /embed"
checks.negative_data_rejection.enabled = false
"""


def test_service_conforms_to_its_openapi_document(service: str, tmp_path: Path) -> None:
    if not os.environ.get("FUZZ"):
        pytest.skip("installs schemathesis and takes a minute; `make fuzz` sets FUZZ=1")
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(_CONFIGURATION)
    # A schema cannot describe which bytes are a picture, so requests that it allows may be refused.
    command = [
        *("scripts/tool.sh", "schemathesis", "st", "--config-file", str(configuration)),
        *("run", "docs/openapi.json", "--url", service),
        *("--seed", "1", "--max-examples", "200", "--phases", "examples,coverage,fuzzing", "--no-color"),
        *("--exclude-checks", "positive_data_acceptance", "--continue-on-failure"),
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    sys.stdout.write(result.stdout[-3000:])
    assert result.returncode == 0, result.stdout + result.stderr
    assert "generated" in result.stdout
