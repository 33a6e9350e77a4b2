"""scripts/backfill with a state machine on moto that calls the real function."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from function.errors import ItemsUnfinished
from tests.support.aws import PHOTOS, RESULTS, Aws
from tests.support.bulk_output import results
from tests.support.lambda_context import Context
from tests.support.state_machine import create
from tests.support.waiting import wait_for
from tools import backfill
from tools.backfill import Backfill, Progress, concurrency_warning

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PICTURES = 6
SOURCE = f"s3://{PHOTOS}/album/"
KEYS = [f"album/{number} é+%20.jpg" for number in range(PICTURES)]
BROKEN = KEYS[3]


@pytest.fixture
def run(
    cloud: Aws,
    s3: "S3Client",
    no_results: None,  # noqa: ARG001 - must run first
    handler: Callable[..., Any],
    cat_jpeg: bytes,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Runs the command line on a bucket with images, one of them broken; returns the exit code and standard error."""
    for key in [*KEYS, "elsewhere.jpg"]:
        s3.put_object(Bucket=PHOTOS, Key=key, Body=cat_jpeg if key != BROKEN else b"broken")
    cloud.functions["bulk"] = lambda event: handler(event, Context())
    machine = create()

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = backfill.main(["--state-machine", machine, "--poll-s", "0.1", *arguments])
        return code, capsys.readouterr().err

    return run


def writes(s3: "S3Client") -> list[str]:
    """Return the key of the image of every result that was written."""
    return [result["key"] for result in results(s3, RESULTS)]


def test_start_tags_a_prefix_and_prints_the_counts(
    cloud: Aws, s3: "S3Client", run: Callable[..., tuple[int, str]]
) -> None:
    """One call of the function fails, as if it were throttled or timed out, and is retried."""
    tag, calls = cloud.functions["bulk"], list[Any]()

    def fail_once(event: Any) -> Any:
        calls.append(event)
        if len(calls) == 2:
            raise ItemsUnfinished("1 of 1 objects are not finished")
        return tag(event)

    cloud.functions["bulk"] = fail_once
    code, output = run("start", SOURCE, "--concurrency", "2")
    assert code == 0, output
    assert f"SUCCEEDED: {PICTURES} of {PICTURES} objects done, 0 failed" in output
    assert len(calls) == PICTURES + 1
    assert {result["key"]: "tags" in result for result in results(s3, RESULTS)} == {key: key != BROKEN for key in KEYS}
    assert s3.list_objects_v2(Bucket=RESULTS, Prefix="backfills/")["KeyCount"] > 0
    assert run("watch")[0] == 0
    code, output = run("resume")
    assert (code, "nothing to resume" in output) == (2, True)
    assert run("start", SOURCE)[0] == 0
    assert len(writes(s3)) == PICTURES, "a second run tags nothing twice"


def test_an_object_that_crashes_the_function_does_not_stop_the_others(
    cloud: Aws, s3: "S3Client", run: Callable[..., tuple[int, str]]
) -> None:
    tag, exit_error = cloud.functions["bulk"], type("Runtime.ExitError", (Exception,), {})

    def crash(event: Any) -> Any:
        if event["Items"][0]["Key"] == KEYS[0]:
            raise exit_error("signal: killed")
        return tag(event)

    cloud.functions["bulk"] = crash
    code, output = run("start", SOURCE)
    assert code == 0, output
    assert sorted(writes(s3)) == KEYS[1:]


def test_prints_why_a_backfill_failed(run: Callable[..., tuple[int, str]]) -> None:
    code, output = run("start", "s3://no-such-bucket/")
    assert (code, "bucket does not exist" in output) == (1, True), output


def test_resume_after_stop_tags_each_object_once(
    cloud: Aws, s3: "S3Client", run: Callable[..., tuple[int, str]]
) -> None:
    tag, started_two, may_continue = cloud.functions["bulk"], threading.Event(), threading.Event()

    def slow(event: Any) -> Any:
        if len(writes(s3)) >= 2:
            started_two.set()
            may_continue.wait(4)  # moto lets a child end before it stops
        return tag(event)

    cloud.functions["bulk"] = slow
    answers: list[int] = []
    started = threading.Thread(target=lambda: answers.append(run("start", "--concurrency", "1", SOURCE)[0]))
    started.start()
    assert started_two.wait(120)
    code, output = run("stop")
    assert (code, "ABORTED" in output) == (0, True), output
    may_continue.set()
    started.join()
    assert answers == [1]
    code, output = run("resume")
    assert (code, f"{PICTURES} of {PICTURES} objects done" in output) == (0, True), output
    wait_for(lambda: len(set(writes(s3))) == PICTURES, timeout_s=30)
    assert len(writes(s3)) == PICTURES


def test_resume_redrives_a_stopped_execution() -> None:
    client = boto3.client("stepfunctions", region_name="eu-central-1")
    arn = "arn:aws:states:eu-central-1:123456789012:execution:backfill:1"
    described: Any = {"executionArn": arn, "stateMachineArn": arn, "startDate": 0, "status": "ABORTED", "input": "{}"}
    with Stubber(client) as stub:
        stub.add_response("describe_execution", described, {"executionArn": arn})
        stub.add_response("redrive_execution", {"redriveDate": 0}, {"executionArn": arn})
        assert Backfill(client, arn).resume(arn) == arn


@pytest.mark.parametrize(
    "arguments",
    [("start",), ("start", "photos/"), ("start", "s3://"), ("start", "s3://b", "--manifest", "s3://b/k"), ("watch",)],
)
def test_exits_with_2_if_the_command_cannot_be_run(cloud: Aws, arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - the fixture starts moto
    assert backfill.main(["--state-machine", create(), *arguments]) == 2


def test_manifest_becomes_the_input_of_the_state_machine() -> None:
    options = backfill.parse(["start", "--manifest", "s3://b/inventory/manifest.json", "--tolerated", "1"])
    assert backfill.execution_input_of(options) == {
        "manifest": {"bucket": "b", "key": "inventory/manifest.json"},
        "tolerated": 1,
    }


def test_progress_bar_shows_counts_and_remaining_cost(capsys: pytest.CaptureFixture[str]) -> None:
    steps = iter([Progress("RUNNING"), Progress("RUNNING", 100, 40, 2), Progress("SUCCEEDED", 100, 98, 2)])
    end = backfill.watch(lambda: next(steps), dollars_each=0.5, poll_s=0.2, is_shown=True)
    shown = capsys.readouterr().err
    assert (end.done, end.failed) == (98, 2)
    assert "42/100" in shown
    assert "failed 2, about $29.00 left" in shown


def test_reads_the_state_machine_from_the_stack_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("cloudformation", region_name="eu-central-1")
    stack: Any = {"StackName": "pets", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
    outputs = [{"OutputKey": "BackfillArn", "OutputValue": "arn:machine"}]
    monkeypatch.setattr(boto3, "client", lambda _: client)
    with Stubber(client) as stub:
        stub.add_response("describe_stacks", {"Stacks": [{**stack, "Outputs": outputs}]}, {"StackName": "pets"})
        stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "pets"})
        assert backfill.state_machine_of("pets") == "arn:machine"
        with pytest.raises(backfill.Impossible, match="BackfillArn"):
            backfill.state_machine_of("pets")


@pytest.mark.parametrize(("limit", "concurrency", "is_warned"), [(10, 5, False), (10, 8, True), (1000, 50, False)])
def test_warns_if_the_api_would_be_throttled(limit: int, concurrency: int, is_warned: bool) -> None:
    client = boto3.client("lambda", region_name="eu-central-1")
    with Stubber(client) as stubber:
        stubber.add_response("get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": limit}})
        warning = concurrency_warning(client, concurrency)
    assert ("--concurrency 5" in warning) == is_warned
    assert bool(warning) == is_warned
