"""The answers of the handler on this machine, to compare with those of a container or of SAM."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.programs import MODEL, run

_ANSWER_EVENTS = """
import json, pathlib, sys, types
from function.handler import handler

context = types.SimpleNamespace(aws_request_id="in-process")
events = json.load(sys.stdin)
answers = {name: handler(event, context) for name, event in events.items()}
pathlib.Path(sys.argv[1]).write_text(json.dumps(answers))
"""


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
