"""Answers of the handler outside a container, to compare with the answers of a container or of SAM."""

import base64
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from function.tagging.scoring import Tag
from tests.support.programs import run
from tools.make_events import Request, rest_event

# Every kind of body that may contain a JPEG: arguments of an HTTP client's `post`.
BODIES: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "form": lambda jpeg: {"files": {"file": ("cat.jpg", jpeg, "image/jpeg")}},
    "JPEG": lambda jpeg: {"content": jpeg, "headers": {"content-type": "image/jpeg"}},
    "unknown type": lambda jpeg: {"content": jpeg, "headers": {"content-type": "application/octet-stream"}},
    "JSON": lambda jpeg: {"json": {"inputs": base64.b64encode(jpeg).decode()}},
}
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


def jpeg_scores(jpeg: bytes, model: Path, folder: Path) -> dict[str, float]:
    """Return the handler's scores of a JPEG, by label. Arguments as in `in_process_answers`."""
    event = rest_event(Request("POST", "/tag", jpeg, "image/jpeg"))
    return scores(in_process_answers({"jpeg": event}, model, folder)["jpeg"]["body"])


def check_scores(response: httpx2.Response, expected: dict[str, float]) -> None:
    """Fail unless the scores are equal, which means equal bytes, because one changed pixel changes all scores."""
    assert response.status_code == 200, response.text
    assert expected
    assert scores(response.text) == pytest.approx(expected, abs=1e-4)


def approximately(tags: Sequence[Tag]) -> list[dict[str, Any]]:
    """Return `tags` as JSON objects whose scores equal others within 1e-4.

    A tagger may have cached the embedding of a text from another batch, which changes the last digits of a score.
    """
    return [{**tag.to_json(), "score": pytest.approx(tag.score, abs=1e-4)} for tag in tags]


def scores(body: str) -> dict[str, float]:
    """Return the scores in the body of an answer, by label."""
    return {tag["label"]: tag["score"] for tag in json.loads(body)}
