"""scripts/backfill against a state machine on moto, with the real function behind it."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.bulk.conftest import PHOTOS, RESULTS, Context
from tests.support.aws import Aws
from tests.support.state_machine import create
from tools import backfill
from tools.backfill import Backfill, Progress, concurrency_warning

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PICTURES = 6


@pytest.fixture
def run(
    cloud: Aws, s3: "S3Client", handler: Callable[..., Any], cat_jpeg: bytes, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str]]]:
    """The command line, on a bucket with pictures: returns its exit code and what it said."""
    for i in range(PICTURES):
        s3.put_object(Bucket=PHOTOS, Key=f"album/{i}.jpg", Body=cat_jpeg)
    cloud.functions["bulk"] = lambda event: handler(event, Context())
    machine = create()

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = backfill.main(["--state-machine", machine, "--poll-s", "0.1", *arguments])
        return code, capsys.readouterr().err

    yield run
    for version in s3.list_object_versions(Bucket=RESULTS).get("Versions", []):
        s3.delete_object(Bucket=RESULTS, Key=version["Key"], VersionId=version["VersionId"])


def writes(s3: "S3Client") -> list[str]:
    """Return the key of each write of a result, ever."""
    return [
        version["Key"] for version in s3.list_object_versions(Bucket=RESULTS, Prefix="results/").get("Versions", [])
    ]


def test_tags_a_prefix_and_says_how_it_went(s3: "S3Client", run: Callable[..., tuple[int, str]]) -> None:
    code, said = run("start", f"s3://{PHOTOS}/album/", "--concurrency", "2")
    assert code == 0, said
    assert f"SUCCEEDED: {PICTURES} of {PICTURES} objects done, 0 failed" in said
    assert len(writes(s3)) == PICTURES
    assert run("watch")[0] == 0
    code, said = run("resume")
    assert (code, "nothing left to do" in said) == (2, True)


def test_can_be_stopped_and_taken_up_again_without_tagging_twice(
    cloud: Aws, s3: "S3Client", run: Callable[..., tuple[int, str]]
) -> None:
    tag, begun, may_go_on = cloud.functions["bulk"], threading.Event(), threading.Event()

    def slow(event: Any) -> Any:
        if len(writes(s3)) >= 2:
            begun.set()
            may_go_on.wait(4)  # moto lets a child end before it stops
        return tag(event)

    cloud.functions["bulk"] = slow
    answers: list[int] = []
    source = f"s3://{PHOTOS}/album/"
    started = threading.Thread(target=lambda: answers.append(run("start", "--concurrency", "1", source)[0]))
    started.start()
    assert begun.wait(120)
    code, said = run("stop")
    assert (code, "ABORTED" in said) == (0, True), said
    may_go_on.set()
    started.join()
    assert answers == [1]
    code, said = run("resume")
    assert (code, f"{PICTURES} of {PICTURES} objects done" in said) == (0, True), said
    deadline = time.monotonic() + 30
    while len(set(writes(s3))) < PICTURES and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(writes(s3)) == len(set(writes(s3))) == PICTURES


def test_goes_on_where_it_was_if_step_functions_can() -> None:
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
def test_what_cannot_be_done_is_told(cloud: Aws, arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - has to be there
    assert backfill.main(["--state-machine", create(), *arguments]) == 2


def test_an_inventory_is_given_as_the_state_machine_wants_it() -> None:
    given = backfill._parse(["start", "--manifest", "s3://b/inventory/manifest.json", "--tolerated", "1"])
    assert backfill._input(given) == {"manifest": {"bucket": "b", "key": "inventory/manifest.json"}, "tolerated": 1}


def test_the_bar_shows_what_is_done_what_failed_and_what_is_left_to_pay(capsys: pytest.CaptureFixture[str]) -> None:
    steps = iter([Progress("RUNNING"), Progress("RUNNING", 100, 40, 2), Progress("SUCCEEDED", 100, 98, 2)])
    end = backfill.watch(lambda: next(steps), dollars_each=0.5, poll_s=0.2, is_shown=True)
    shown = capsys.readouterr().err
    assert (end.done, end.failed) == (98, 2)
    assert "42/100" in shown
    assert "failed 2, about $29.00 left" in shown


def test_the_stack_names_its_state_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("cloudformation", region_name="eu-central-1")
    stack: Any = {"StackName": "pets", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
    outputs = [{"OutputKey": "BackfillArn", "OutputValue": "arn:machine"}]
    monkeypatch.setattr(boto3, "client", lambda _: client)
    with Stubber(client) as stub:
        stub.add_response("describe_stacks", {"Stacks": [{**stack, "Outputs": outputs}]}, {"StackName": "pets"})
        stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "pets"})
        assert backfill._state_machine("pets") == "arn:machine"
        with pytest.raises(backfill.Impossible, match="BackfillArn"):
            backfill._state_machine("pets")


@pytest.mark.parametrize(("limit", "concurrency", "is_warned"), [(10, 5, False), (10, 8, True), (1000, 50, False)])
def test_warns_if_the_api_would_be_throttled(limit: int, concurrency: int, is_warned: bool) -> None:
    client = boto3.client("lambda", region_name="eu-central-1")
    with Stubber(client) as stubber:
        stubber.add_response("get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": limit}})
        warning = concurrency_warning(client, concurrency)
    assert ("--concurrency 5" in warning) == is_warned
    assert bool(warning) == is_warned
