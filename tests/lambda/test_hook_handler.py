"""The smoke test of a deployment: the real handler tags the photo, and the hook reports the result to CodeDeploy."""

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from function import hook_handler
from tests.support import programs
from tests.support.lambda_context import Context

EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
VERSION = "arn:aws:lambda:eu-central-1:123456789012:function:pets-tag:7"
CAT, COAT = {"label": "cat", "score": 0.4, "group": "pet"}, {"label": "short-hair", "score": 0.5, "group": "fur"}
Answer = Callable[[Any], Any]


class FunctionFailed(Exception):
    """Makes the fake Lambda service return a FunctionError."""


class Aws:
    """A fake of Lambda, whose invocations return `answers` in turn, and of CodeDeploy, which keeps its reports."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.invoked: list[str] = []
        self.reports: list[dict[str, str]] = []

    def client(self, name: str, config: Any = None) -> Any:
        assert name == "codedeploy" or (name == "lambda" and config.read_timeout >= 1)
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.invoked.append(FunctionName)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        try:
            return {"Payload": io.BytesIO(json.dumps(answer(json.loads(Payload))).encode())}
        except FunctionFailed:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "Runtime.ExitError"}')}

    def put_lifecycle_event_hook_execution_status(self, **report: str) -> None:
        self.reports.append(report)


Run = Callable[..., tuple[str, int]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the hook against a new version with these answers; returns the reported status and the invocations."""

    def run(*answers: Answer, label: str = "", remaining_s: float = 100) -> tuple[str, int]:
        aws = Aws(*answers)
        monkeypatch.setattr(hook_handler, "boto3", aws)
        monkeypatch.setattr(hook_handler, "PAUSE_S", 0)
        settings = hook_handler.settings.model_copy(update={"new_version": VERSION, "smoke_label": label})
        monkeypatch.setattr(hook_handler, "settings", settings)
        hook_handler.handler(EVENT, Context(remaining_s))
        (report,) = aws.reports
        assert (report["deploymentId"], report["lifecycleEventHookExecutionId"]) == ("d-1", "e-1")
        assert set(aws.invoked) <= {VERSION}
        return report["status"], len(aws.invoked)

    return run


def fail(error: Exception) -> Answer:
    def answer(_: Any) -> Any:
        raise error

    return answer


def tags(*returned: dict[str, Any]) -> Answer:
    return lambda _: {"statusCode": 200, "body": json.dumps(returned)}


def test_version_that_tags_the_photo_gets_traffic(handler: Any, context: Any, run: Run) -> None:
    best = ""

    def answer(event: Any) -> Any:
        nonlocal best
        response = handler(event, context)
        best = next(tag["label"] for tag in json.loads(response["body"]) if tag["group"] == "pet")
        return response

    assert run(answer) == ("Succeeded", 1)
    assert run(answer, label=best) == ("Succeeded", 1)
    assert run(answer, label="elephant") == ("Failed", 1)


def test_best_pet_is_judged_even_if_a_coat_scores_higher(run: Run) -> None:
    assert run(tags(COAT, CAT), label="cat") == ("Succeeded", 1)
    assert run(tags(COAT, CAT), label="short-hair") == ("Failed", 1)


def test_labels_without_a_pet_group_are_judged_by_the_best_tag(run: Run) -> None:
    assert run(tags({"label": "rose", "score": 1, "group": "flower"}), label="rose") == ("Succeeded", 1)


@pytest.mark.parametrize(
    "failure",
    [
        fail(FunctionFailed()),
        fail(TimeoutError()),
        fail(RuntimeError("CodeArtifactUserPendingException: the image is being optimised")),
        lambda _: {"statusCode": 503, "body": "{}"},
        lambda _: {"statusCode": 200, "body": "no JSON"},
        lambda _: None,
    ],
    ids=["function error", "timeout", "pending", "503", "no JSON", "null"],
)
def test_errors_are_retried_twice(run: Run, failure: Answer) -> None:
    assert run(failure, failure, tags(CAT), label="cat") == ("Succeeded", 3)
    assert run(failure) == ("Failed", 3)


def test_image_without_a_tag_fails_without_retry(run: Run) -> None:
    assert run(tags()) == ("Failed", 1)


def test_demo_model_needs_no_tag(run: Run) -> None:
    """It knows drawings only, and a stack with it shall deploy."""
    answer = {"statusCode": 200, "headers": {"x-model": "models/demo"}, "body": "[]"}
    assert run(lambda _: answer, label="cat") == ("Succeeded", 1)


def test_no_attempt_starts_when_the_time_is_over(run: Run) -> None:
    assert run(tags(CAT), remaining_s=10.5) == ("Failed", 0)


def test_missing_photo_is_reported_as_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_handler, "PHOTO", hook_handler.PHOTO.with_name("missing.webp"))
    assert run(tags(CAT)) == ("Failed", 0)


def test_module_imports_neither_torch_nor_pillow() -> None:
    """The function has half a gigabyte of memory."""
    code = "import sys, function.hook_handler; print(*sys.modules)"
    modules = programs.run(sys.executable, "-c", code).split()
    assert "boto3" in modules
    assert {"torch", "transformers", "PIL", "function.tagging"} & set(modules) == set()
