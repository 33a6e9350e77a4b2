"""One log line a batch, and one for each object that is left to do: counts and reasons, never a picture."""

import time
from collections.abc import Callable, Sequence

from aws_lambda_powertools import Logger

from function.bulk.pipeline import Outcome, TagObjects
from function.errors import TaggerError
from function.s3 import S3Object

logger = Logger(service="pet-tagger-bulk")


def observed(tag_objects: TagObjects, request_id: str) -> TagObjects:
    """Return `tag_objects`, logging what becomes of each batch."""

    def tag(objects: Sequence[S3Object], remaining_s: Callable[[], float]) -> dict[S3Object, Outcome]:
        started = time.perf_counter()
        outcomes = tag_objects(objects, remaining_s)
        counts = {"tagged": 0, "without_tags": 0, "unfinished": 0}
        for source, outcome in outcomes.items():
            counts[_kind(outcome)] += 1
            if isinstance(outcome, Exception):
                unforeseen = None if isinstance(outcome, TaggerError) else outcome
                fields = {"object": str(source), "reason": str(outcome), "request_id": request_id}
                logger.warning("object left to do", extra=fields, exc_info=unforeseen)
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        logger.info("batch", extra={"request_id": request_id, "milliseconds": milliseconds, **counts})
        return outcomes

    return tag


def _kind(outcome: Outcome) -> str:
    if isinstance(outcome, Exception):
        return "unfinished"
    return "without_tags" if "error" in outcome else "tagged"
