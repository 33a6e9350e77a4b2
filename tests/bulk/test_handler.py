"""The bulk function's entry: sample events of queues and state machines, and which messages of a batch fail."""

import importlib
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from function.errors import ItemsUnfinished, MalformedMessage, ModelError
from tests.support.aws import PHOTOS, RESULTS
from tests.support.bulk_output import results
from tests.support.lambda_context import Context
from tools.bulk_events import AWKWARD, BUCKET, GONE, PICTURE, PLAIN, bulk_samples, message_id, object_created, sqs_event
from tools.make_events import EVENTS_FOLDER

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SAMPLES = bulk_samples()
Handler = Callable[[Any, Any], Any]


@pytest.fixture
def photos(s3: "S3Client", no_results: None) -> "S3Client":  # noqa: ARG001 - must run first
    """S3 with the pictures that the samples name, and no results."""
    for key in (PLAIN, AWKWARD):
        s3.put_object(Bucket=BUCKET, Key=key, Body=PICTURE.read_bytes())
    return s3


def failures(answer: Any) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_event_has_its_expected_answer(photos: "S3Client", handler: Handler, name: str) -> None:
    event = json.loads((EVENTS_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    answer = handler(event, Context())
    sample = SAMPLES[name]
    if "Records" in event:
        assert failures(answer) == [message_id(number) for number in sample.failures]
    else:
        assert [result["key"] for result in answer] == [PLAIN, AWKWARD]
        assert len(answer) == sample.results
    written = {result["key"]: result for result in results(photos, RESULTS)}
    expected = {
        "sqs-s3-notification": {PLAIN, AWKWARD},
        "sqs-eventbridge": {AWKWARD},
        "sqs-backfill": {AWKWARD},
        "sqs-twice": {PLAIN, GONE},
        "sqs-unreadable": {PLAIN},
        "items-listing": {PLAIN, AWKWARD},
        "items-inventory": {PLAIN, AWKWARD},
    }
    assert set(written) == expected.get(name, set())
    assert all(("tags" in result) == (key != GONE) for key, result in written.items())


def test_reports_only_the_failed_messages(photos: "S3Client", handler: Handler) -> None:
    """Valid messages succeed although the batch contains invalid ones."""
    photos.put_object(Bucket=PHOTOS, Key="broken", Body=b"no picture")
    event = sqs_event(object_created(PLAIN), "poison", {"bucket": PHOTOS, "key": "broken"}, object_created(AWKWARD))
    assert failures(handler(event, Context())) == [message_id(1)]
    assert {result["key"]: "tags" in result for result in results(photos, RESULTS)} == {
        PLAIN: True, AWKWARD: True, "broken": False,
    }  # fmt: skip


def test_without_time_every_message_fails_and_nothing_is_written(photos: "S3Client", handler: Handler) -> None:
    event = sqs_event(object_created(PLAIN), object_created(AWKWARD))
    assert failures(handler(event, Context(seconds=1))) == [message_id(0), message_id(1)]
    assert results(photos, RESULTS) == []


def test_message_that_was_received_often_is_tagged_last_and_alone(
    photos: "S3Client", handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["function.bulk_handler"]
    tagged_groups: list[list[str]] = []
    tag = module.bulk_tagger.tag

    def recording(objects: Any, remaining_s: Any) -> Any:
        tagged_groups.append([source.key for source in objects])
        return tag(objects, remaining_s)

    monkeypatch.setattr(module.bulk_tagger, "tag", recording)
    event = sqs_event(object_created(GONE), object_created(PLAIN), object_created(AWKWARD))
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
    assert failures(handler(event, Context())) == []
    assert tagged_groups == [[PLAIN, AWKWARD], [GONE]]
    assert len(results(photos, RESULTS)) == 3


def test_unfinished_items_fail_the_batch_and_the_retry_finishes_them(photos: "S3Client", handler: Handler) -> None:
    event = SAMPLES["items-listing"].event
    with pytest.raises(ItemsUnfinished, match="2 of 2 objects are not finished"):
        handler(event, Context(seconds=1))
    first = handler(event, Context())
    assert handler(event, Context()) == first
    assert len(results(photos, RESULTS)) == 2


@pytest.mark.parametrize("event", [{}, {"Items": "all"}, {"Items": ["key"]}, {"Items": [{"Key": "no bucket"}]}])
def test_raises_if_the_event_is_not_a_batch(handler: Handler, event: Any) -> None:
    with pytest.raises(MalformedMessage):
        handler(event, Context())


def test_does_not_start_without_a_results_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESULTS_BUCKET", "")
    monkeypatch.delitem(sys.modules, "function.bulk_handler", raising=False)
    with pytest.raises(ModelError, match="RESULTS_BUCKET is not set"):
        importlib.import_module("function.bulk_handler")
