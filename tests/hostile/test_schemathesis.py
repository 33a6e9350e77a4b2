"""A tool that knows only the OpenAPI document tries what it allows, and what it does not, on the running service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import ROOT
from tools.server_process import free_port, serving


def test_the_service_keeps_to_its_document(small_model: Path, tmp_path: Path) -> None:
    if not os.environ.get("FUZZ"):
        pytest.skip("installs schemathesis and takes a minute; `make fuzz` sets FUZZ=1")
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "function.handler:app", "--port", str(port)]
    environment = {"MODEL_DIR": str(small_model)}
    # 501 is what this deployment says of what it does not do: it has no bucket for uploads.
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text('[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 501]\n')
    # A schema cannot say which bytes are a picture: that valid ones are refused is no failure.
    command = [
        *("scripts/tool.sh", "schemathesis", "st", "--config-file", str(configuration)),
        *("run", "docs/openapi.json", "--url", f"http://127.0.0.1:{port}"),
        *("--seed", "1", "--max-examples", "200", "--phases", "examples,coverage,fuzzing", "--no-color"),
        *("--exclude-checks", "positive_data_acceptance", "--continue-on-failure"),
    ]
    with serving(*server, port=port, log=tmp_path / "log", environment=environment):
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    sys.stdout.write(result.stdout[-3000:])
    assert result.returncode == 0, result.stdout + result.stderr
    assert "generated" in result.stdout
