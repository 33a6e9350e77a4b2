"""The first command of the README, executed: the demo model says what the README says that it says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivered import free_port, serving
from tests.semantic.conftest import ROOT

TOLERANCE = 0.02  # other processors round otherwise


def test_the_readmes_answer_is_the_demo_models(demo_model: Path, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"^```console\n\$ (curl .+ localhost:7860/tag)\n(.+?)```$", readme, re.MULTILINE | re.DOTALL)
    assert example, "README.md opens with a curl and its answer"
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", "function.handler:app", "--port", str(port))
    with serving(*command, port=port, log=tmp_path / "log", environment={"MODEL_DIR": str(demo_model)}):
        ours = example[1].replace("localhost:7860", f"127.0.0.1:{port}").split()
        found = json.loads(subprocess.run([*ours, "-sS"], cwd=ROOT, capture_output=True, check=True).stdout)
    told = json.loads(example[2])
    assert found[0]["label"] == "cat"
    assert [(tag["label"], tag["group"]) for tag in found] == [(tag["label"], tag["group"]) for tag in told]
    assert [tag["score"] for tag in found] == pytest.approx([tag["score"] for tag in told], abs=TOLERANCE)
