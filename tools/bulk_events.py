"""The sample events of SQS and Step Functions for the bulk function. `tools/make_events.py` writes them.

Their objects are in `photos-bucket`. All are `events/cat.jpg`, except one that does not exist.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

PICTURE = Path(__file__).parent.parent / "events/cat.jpg"
BUCKET = "photos-bucket"
PLAIN, AWKWARD, GONE = "cats/cat.jpg", "cats/ein Kätzchen + 100%.jpg", "cats/gone.jpg"

_ARN = "arn:aws:sqs:eu-central-1:123456789012:pet-tagger-queue"
_TIME = "2026-01-02T03:04:05.678Z"


@dataclass(frozen=True)
class BulkSample:
    """One event and its answer: the numbers of the messages that fail, or the number of results."""

    event: dict[str, Any]
    failures: list[int] = field(default_factory=list)
    results: int = 0


def message_id(number: int) -> str:
    """Return the id of message `number`, which starts at 0."""
    return f"{number:08x}-0000-4000-8000-000000000000"


def sqs_event(*bodies: Any, receive_count: int = 1) -> dict[str, Any]:
    """Return an SQS event with these bodies: texts, or values that become JSON."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {
        "Records": [
            {
                "messageId": message_id(number),
                "receiptHandle": f"receipt-{number}",
                "body": text,
                "attributes": {"ApproximateReceiveCount": str(receive_count), "SentTimestamp": "1767323045678"},
                "messageAttributes": {},
                "md5OfBody": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
                "eventSource": "aws:sqs",
                "eventSourceARN": _ARN,
                "awsRegion": "eu-central-1",
            }
            for number, text in enumerate(texts)
        ]
    }


def notification(key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    """Return a record of an S3 notification, whose key is form-encoded."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": _TIME,
        "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"},
            "object": {"key": quote_plus(key, safe="/"), "size": PICTURE.stat().st_size, "eTag": _etag()},
        },
    }


def object_created(key: str) -> dict[str, Any]:
    """Return the EventBridge event of a new object, whose key is not encoded."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": _TIME,
        "region": "eu-central-1",
        "resources": [f"arn:aws:s3:::{BUCKET}"],
        "detail": {
            "version": "0",
            "bucket": {"name": BUCKET},
            "object": {"key": key, "size": PICTURE.stat().st_size, "etag": _etag()},
            "request-id": "C3D13FE58DE4C810",
            "reason": "PutObject",
        },
    }


def bulk_samples() -> dict[str, BulkSample]:
    """Return every event by the name of its file."""
    test_event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": _TIME, "Bucket": BUCKET}
    removed = {"Records": [notification(PLAIN, "ObjectRemoved:Delete")]}
    listed = [{"Key": key, "Etag": f'"{_etag()}"', "Size": PICTURE.stat().st_size} for key in (PLAIN, AWKWARD)]
    inventory = [{"Bucket": BUCKET, "Key": quote_plus(key, safe="/")} for key in (PLAIN, AWKWARD)]
    marker = {"Bucket": BUCKET, "Key": PLAIN, "IsDeleteMarker": "true"}
    return {
        "sqs-s3-notification": BulkSample(sqs_event({"Records": [notification(AWKWARD), notification(PLAIN)]})),
        "sqs-eventbridge": BulkSample(sqs_event(object_created(AWKWARD))),
        "sqs-backfill": BulkSample(sqs_event({"bucket": BUCKET, "key": AWKWARD})),
        "sqs-test-event": BulkSample(sqs_event(test_event)),
        "sqs-removed": BulkSample(sqs_event(removed)),
        "sqs-twice": BulkSample(sqs_event(object_created(PLAIN), object_created(PLAIN), object_created(GONE))),
        "sqs-unreadable": BulkSample(sqs_event(object_created(PLAIN), "no JSON", {"key": "no bucket"}), [1, 2]),
        "items-listing": BulkSample({"BatchInput": {"bucket": BUCKET}, "Items": listed}, results=2),
        "items-inventory": BulkSample({"BatchInput": {"keys": "encoded"}, "Items": [*inventory, marker]}, results=2),
    }


def _etag() -> str:
    return hashlib.md5(PICTURE.read_bytes(), usedforsecurity=False).hexdigest()
