"""What the container and the e2e tests share: an engine, the model they bake, and the answers they compare with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
MODEL = "models/demo"

_ANSWER_EVENTS = """
import json, pathlib, sys, types
from function.handler import handler

context = types.SimpleNamespace(aws_request_id="in-process")
events = json.load(sys.stdin)
answers = {name: handler(event, context) for name, event in events.items()}
pathlib.Path(sys.argv[1]).write_text(json.dumps(answers))
"""


def require_engine() -> None:
    """Skip where no container engine answers, or fail where $REQUIRE_ENGINE says that there is one."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
        return
    if os.environ.get("REQUIRE_ENGINE"):
        pytest.fail("no container engine answers `docker info`", pytrace=False)
    pytest.skip("no container engine answers `docker info`")


def run(*command: str, stdin: str = "", timeout_s: float = 60) -> str:
    """Return what `command` prints, run in the project's folder; if it fails, so does the test, with all it said."""
    result = subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if result.returncode != 0:
        pytest.fail(
            f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}\n{result.stderr}", pytrace=False
        )
    return result.stdout


def in_process_answers(events: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what the handler, outside any container, answers to `events`; `folder` takes the model it bakes.

    In a process of its own: the handler loads its model when it is imported.
    """
    model, answers = folder / "model", folder / "answers.json"
    run(sys.executable, "-m", "function.bake", "--model", MODEL, "--out", str(model))
    run("env", f"MODEL_DIR={model}", sys.executable, "-c", _ANSWER_EVENTS, str(answers), stdin=json.dumps(events))
    result: dict[str, Any] = json.loads(answers.read_text())
    return result


def scores(body: str) -> dict[str, float]:
    """Return the labels with their scores of an answer's body."""
    return {tag["label"]: tag["score"] for tag in json.loads(body)}
