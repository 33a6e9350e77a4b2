"""SQS events: tag the objects that the messages name, and report the messages that failed."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from function.bulk.messages import read_message
from function.bulk.observe import logger
from function.bulk.pipeline import Outcome, RemainingTime, TagObjects
from function.errors import MalformedMessage
from function.s3 import S3Object

# A message that was received this often may contain an image that crashes the process. It is tagged last and alone.
_SUSPICIOUS_RECEIVE_COUNT = 3


def handle_sqs(
    event: dict[str, Any], tag_objects: TagObjects, remaining_s: RemainingTime
) -> PartialItemFailureResponse:
    """Tag the objects of an SQS event; return the messages that failed.

    A message fails if one of its objects failed (it is retried) or if it names no object (it goes to the dead-letter
    queue after its retries).
    """
    objects_by_message = {record["messageId"]: _objects(record["body"]) for record in event["Records"]}
    outcomes: dict[S3Object, Outcome] = {}
    for group in _groups(event["Records"]):
        objects = [s3_object for message_id in group for s3_object in objects_by_message[message_id] or []]
        outcomes |= tag_objects([s3_object for s3_object in objects if s3_object not in outcomes], remaining_s)

    def check(record: SQSRecord) -> None:
        objects = objects_by_message[record.message_id]
        if objects is None:
            raise MalformedMessage("The message does not name an S3 object.")
        for s3_object in objects:
            outcome = outcomes[s3_object]
            if isinstance(outcome, Exception):
                raise outcome

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, check, processor)


def _objects(body: str) -> list[S3Object] | None:
    """Return the objects that a message names, or None if the message is malformed."""
    try:
        return read_message(body)
    except MalformedMessage as error:
        logger.warning("malformed message", extra={"reason": str(error)})
        return None


def _groups(records: list[dict[str, Any]]) -> list[list[str]]:
    """Return the message ids in groups to tag one after the other: all together, then each suspicious one alone."""
    counts = {
        record["messageId"]: int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) for record in records
    }
    suspects = [message_id for message_id, count in counts.items() if count >= _SUSPICIOUS_RECEIVE_COUNT]
    others = [message_id for message_id in counts if message_id not in suspects]
    return [*([others] if others else []), *([message_id] for message_id in suspects)]
