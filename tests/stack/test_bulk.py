"""Objects in the upload bucket are tagged through rule, queue and function; existing objects by a backfill."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.stack.conftest import Stack
from tests.support.bulk_output import IMAGE_TAGGED, drain, queue_of_events, results
from tests.support.programs import ROOT
from tests.support.waiting import wait_for
from tools.stack.__main__ import STACK

pytestmark = pytest.mark.e2e

OBJECTS, EACH_BROKEN = 200, 10
BACKFILL = f"scripts/backfill --stack {STACK} --poll-s 0.5"


@pytest.fixture(scope="module")
def events(stack: Stack) -> Callable[[], list[Any]]:
    """Returns the `ImageTagged` events since the last call."""
    sqs = stack.client("sqs")
    queue = queue_of_events(sqs, stack.client("events"), "image-tagged", IMAGE_TAGGED)
    return lambda: [json.loads(message["Body"])["detail"] for message in drain(sqs, queue)]


def test_an_upload_gets_one_result_and_one_event(
    stack: Stack, events: Callable[[], list[Any]], drawing_jpeg: bytes, expected: dict[str, float]
) -> None:
    events()
    bucket, key = stack.outputs["UploadBucketName"], "cats/a+b 100% für.jpg"
    stack.client("s3").put_object(Bucket=bucket, Key=key, Body=drawing_jpeg)
    (result,) = wait_for(lambda: _results(stack, bucket, key))
    assert (result["bucket"], result["key"]) == (bucket, key)
    assert {tag["label"]: tag["score"] for tag in result["tags"]} == pytest.approx(expected, abs=1e-4)
    _wait_until_the_queue_is_empty(stack)
    assert [event["key"] for event in events()].count(key) == 1
    assert len(_results(stack, bucket, key)) == 1


def test_a_broken_upload_gets_a_result_with_an_error(stack: Stack, cat_jpeg: bytes) -> None:
    bucket = stack.outputs["UploadBucketName"]
    stack.client("s3").put_object(Bucket=bucket, Key="broken.jpg", Body=cat_jpeg[:900])
    (result,) = wait_for(lambda: _results(stack, bucket, "broken.jpg"))
    assert result["error"]["code"] == "undecodable_image"
    assert "tags" not in result


def test_a_message_that_names_no_object_goes_to_the_dead_letter_queue(stack: Stack) -> None:
    sqs, outputs = stack.client("sqs"), stack.outputs
    queue = sqs.get_queue_url(QueueName=f"{STACK}-uploads")["QueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})  # five tries in seconds
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    try:
        (message,) = wait_for(lambda: drain(sqs, outputs["DeadLettersUrl"]), timeout_s=120)
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)
    assert message["Body"] == "poison"


@pytest.fixture(scope="module")
def photos(stack: Stack, drawing_jpeg: bytes) -> Callable[[str], list[str]]:
    """Returns the keys of a new bucket of images, of which every tenth is broken."""

    def create(bucket: str) -> list[str]:
        s3, keys = stack.client("s3"), [f"album/{number:03}.jpg" for number in range(OBJECTS)]
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        for number, key in enumerate(keys):
            # Bytes after the end of a JPEG are ignored, so every image is another object with the same tags.
            content = drawing_jpeg[:900] if number % EACH_BROKEN == 0 else drawing_jpeg + str(number).encode()
            s3.put_object(Bucket=bucket, Key=key, Body=content)
        return keys

    return create


def test_a_backfill_tags_every_object_and_counts_them(
    stack: Stack, photos: Callable[[str], list[str]], expected: dict[str, float]
) -> None:
    keys = photos("first-album")
    finished = stack.shell(f"{BACKFILL} start s3://first-album/album/")
    assert finished.returncode == 0, finished.stderr
    assert f"SUCCEEDED: {OBJECTS} of {OBJECTS} objects done, 0 failed" in finished.stderr
    counts = _summary(stack)["objects"]
    assert (counts["Total"], counts["Succeeded"], counts["Failed"]) == (OBJECTS, OBJECTS, 0)
    written = _results(stack, "first-album")
    assert sorted(result["key"] for result in written) == keys
    assert sum("error" in result for result in written) == OBJECTS / EACH_BROKEN
    for result in written:
        if "tags" in result:
            assert {tag["label"]: tag["score"] for tag in result["tags"]} == pytest.approx(expected, abs=1e-4)


def test_a_backfill_that_was_stopped_is_resumed_and_writes_every_result_once(
    stack: Stack, photos: Callable[[str], list[str]]
) -> None:
    keys = photos("second-album")
    command = f"source {stack.folder}/env; exec {BACKFILL} start s3://second-album/album/"
    with subprocess.Popen(["/bin/bash", "-c", command], cwd=ROOT, stderr=subprocess.DEVNULL) as started:
        wait_for(lambda: len(_results(stack, "second-album")) >= OBJECTS / 20)
        stopped = stack.shell(f"{BACKFILL} stop")
        assert (stopped.returncode, started.wait(60)) == (0, 1), stopped.stderr
    assert "ABORTED" in stopped.stderr
    resumed = stack.shell(f"{BACKFILL} resume")
    assert resumed.returncode == 0, resumed.stderr
    assert f"SUCCEEDED: {OBJECTS} of {OBJECTS} objects done, 0 failed" in resumed.stderr
    assert sorted(result["key"] for result in _results(stack, "second-album")) == keys


def _results(stack: Stack, bucket: str, key: str = "") -> list[Any]:
    """Return all versions of all results of a bucket or of one of its objects."""
    return results(stack.client("s3"), stack.outputs["ResultsBucketName"], f"results/{bucket}/{key}")


def _summary(stack: Stack) -> Any:
    """Return the summary of the latest execution."""
    states, arn = stack.client("stepfunctions"), stack.outputs["BackfillArn"]
    latest = max(states.list_executions(stateMachineArn=arn)["executions"], key=lambda each: each["startDate"])
    return json.loads(states.describe_execution(executionArn=latest["executionArn"])["output"])["summary"]


def _wait_until_the_queue_is_empty(stack: Stack) -> None:
    sqs = stack.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"{STACK}-uploads")["QueueUrl"]
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def is_empty() -> bool:
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"]
        return all(int(attributes[count]) == 0 for count in counts)

    wait_for(is_empty)
