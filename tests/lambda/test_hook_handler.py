"""The smoke test of a deployment: the real handler tags the picture, and CodeDeploy is told what came of it."""

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from function import hook_handler

EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
VERSION = "arn:aws:lambda:eu-central-1:123456789012:function:pets-tag:7"


class Aws:
    """Lambda, whose functions answer as `answer` says, and CodeDeploy, which remembers what it is told."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.invoked: list[str] = []
        self.told: list[dict[str, str]] = []

    def client(self, name: str) -> Any:
        assert name in {"lambda", "codedeploy"}
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.invoked.append(FunctionName)
        return {"Payload": io.BytesIO(json.dumps(self._answer(json.loads(Payload))).encode())}

    def put_lifecycle_event_hook_execution_status(self, **told: str) -> None:
        self.told.append(told)


def verdict(monkeypatch: pytest.MonkeyPatch, answer: Any, label: str = "") -> str:
    """Return the status that CodeDeploy is told when the new version answers as `answer` says."""
    aws = Aws(answer)
    monkeypatch.setattr(hook_handler, "boto3", aws)
    settings = hook_handler.settings.model_copy(update={"new_version": VERSION, "smoke_label": label})
    monkeypatch.setattr(hook_handler, "settings", settings)
    hook_handler.handler(EVENT, object())
    assert aws.invoked == [VERSION]
    (told,) = aws.told
    assert (told["deploymentId"], told["lifecycleEventHookExecutionId"]) == ("d-1", "e-1")
    return told["status"]


def test_a_version_that_tags_gets_traffic(handler: Any, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = []

    def answer(event: Any) -> Any:
        answers.append(handler(event, context))
        return answers[-1]

    assert verdict(monkeypatch, answer) == "Succeeded"
    best = json.loads(answers[0]["body"])[0]["label"]
    assert verdict(monkeypatch, answer, best) == "Succeeded"
    assert verdict(monkeypatch, answer, "elephant") == "Failed"


def fail(_: Any) -> Any:
    raise TimeoutError


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: {"statusCode": 500, "body": "{}"},
        lambda _: {"statusCode": 200, "body": "[]"},
        lambda _: {"statusCode": 200, "body": "no JSON"},
        lambda _: {"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"},
        lambda _: None,
        fail,
    ],
)
def test_a_version_that_does_not_gets_none(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    assert verdict(monkeypatch, answer) == "Failed"


def test_a_picture_that_cannot_be_sent_is_a_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_handler, "PICTURE", hook_handler.PICTURE.with_name("gone.webp"))
    aws = Aws(fail)
    monkeypatch.setattr(hook_handler, "boto3", aws)
    hook_handler.handler(EVENT, object())
    assert [told["status"] for told in aws.told] == ["Failed"]


def test_the_module_loads_no_model() -> None:
    """It runs in half a gigabyte."""
    code = "import sys, function.hook_handler; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "boto3" in modules
    assert {"torch", "transformers", "PIL", "function.tagging"} & set(modules) == set()
