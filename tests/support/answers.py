"""Answers of the handler outside a container, to compare with the answers of a container or of SAM."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.programs import run

_ANSWER_EVENTS = """
import json, pathlib, sys, types
from function.handler import handler

context = types.SimpleNamespace(aws_request_id="in-process")
events = json.load(sys.stdin)
answers = {name: handler(event, context) for name, event in events.items()}
pathlib.Path(sys.argv[1]).write_text(json.dumps(answers))
"""


def in_process_answers(events: dict[str, Any], model: Path, folder: Path) -> dict[str, Any]:
    """Return the handler's answers to `events`, computed outside a container with a baked model; write to `folder`.

    It runs in a separate process, because importing the handler loads the model.
    """
    answers = folder / "answers.json"
    run("env", f"MODEL_DIR={model}", sys.executable, "-c", _ANSWER_EVENTS, str(answers), stdin=json.dumps(events))
    result: dict[str, Any] = json.loads(answers.read_text())
    return result


def scores(body: str) -> dict[str, float]:
    """Return the scores in the body of an answer, by label."""
    return {tag["label"]: tag["score"] for tag in json.loads(body)}
