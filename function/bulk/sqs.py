"""A batch of queue messages to the ones that failed, as Lambda's poller wants it: the others are done and deleted."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from function.bulk.messages import read_message
from function.bulk.observe import logger
from function.bulk.pipeline import Outcome, TagObjects
from function.errors import MalformedMessage
from function.s3 import S3Object

# A message that was received so often and is still here may hold what kills the process: it is taken last, and alone.
_SUSPICIOUS_RECEIVE_COUNT = 3


def answer_queue(
    event: dict[str, Any], tag_objects: TagObjects, remaining_s: Callable[[], float]
) -> PartialItemFailureResponse:
    """Tag the objects of an SQS event; return which messages failed, to be delivered again.

    A message fails if one of its objects did: worth another try; or if it names none: its queue's dead letters are
    where somebody will see it.
    """
    named = {record["messageId"]: _objects(record["body"]) for record in event["Records"]}
    outcomes: dict[S3Object, Outcome] = {}
    for group in _groups(event["Records"]):
        objects = [source for message_id in group for source in named[message_id] or []]
        outcomes |= tag_objects([source for source in objects if source not in outcomes], remaining_s)

    def check(record: SQSRecord) -> None:
        objects = named[record.message_id]
        if objects is None:
            raise MalformedMessage("The message names no object.")
        for source in objects:
            outcome = outcomes[source]
            if isinstance(outcome, Exception):
                raise outcome

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, check, processor)


def _objects(body: str) -> list[S3Object] | None:
    """Return the objects that a message names, None if it is not to be read."""
    try:
        return read_message(body)
    except MalformedMessage as error:
        logger.warning("unreadable message", extra={"reason": str(error)})
        return None


def _groups(records: list[dict[str, Any]]) -> list[list[str]]:
    """Return the ids of the messages in the order to take them: together, but each suspicious one by itself, last."""
    counts = {record["messageId"]: _receive_count(record) for record in records}
    suspects = [message_id for message_id, count in counts.items() if count >= _SUSPICIOUS_RECEIVE_COUNT]
    together = [message_id for message_id in counts if message_id not in suspects]
    return [*([together] if together else []), *([each] for each in suspects)]


def _receive_count(record: dict[str, Any]) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
