"""SQS events: tag the objects that the messages name, and report the messages that failed."""

from typing import Any

from function.bulk.messages import read_message
from function.bulk.observe import logger
from function.bulk.pipeline import Outcome, TagObjects
from function.errors import MalformedMessage
from function.s3 import S3Object

# A message that was received this often may contain an image that crashes the process. It is tagged last and alone.
_SUSPICIOUS_RECEIVE_COUNT = 3


def handle_sqs(event: dict[str, Any], tag_objects: TagObjects) -> dict[str, list[dict[str, str]]]:
    """Tag the objects of an SQS event; return the messages that failed.

    A message fails if one of its objects failed (it is retried) or if it names no object (it goes to the dead-letter
    queue after its retries).
    """
    objects_by_message = {record["messageId"]: _objects(record["body"]) for record in event["Records"]}
    outcomes: dict[S3Object, Outcome] = {}
    for group in _groups(event["Records"]):
        objects = [s3_object for message_id in group for s3_object in objects_by_message[message_id] or []]
        outcomes |= tag_objects([s3_object for s3_object in objects if s3_object not in outcomes])
    failed = [
        message_id
        for message_id, objects in objects_by_message.items()
        if objects is None or any(isinstance(outcomes[s3_object], Exception) for s3_object in objects)
    ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _objects(body: str) -> list[S3Object] | None:
    """Return the objects that a message names, or None if the message is malformed."""
    try:
        return read_message(body)
    except MalformedMessage as error:
        logger.warning("malformed message", reason=str(error))
        return None


def _groups(records: list[dict[str, Any]]) -> list[list[str]]:
    """Return the message ids in groups to tag one after the other: all together, then each suspicious one alone."""
    others: list[str] = []
    suspects: list[list[str]] = []
    for record in records:
        if int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) < _SUSPICIOUS_RECEIVE_COUNT:
            others.append(record["messageId"])
        else:
            suspects.append([record["messageId"]])
    return [others, *suspects] if others else suspects
