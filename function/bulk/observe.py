"""Logs of the bulk function: one line for each batch, and one for each object that failed. Never an image."""

import time
from collections.abc import Sequence

from aws_lambda_powertools import Logger

from function.bulk.pipeline import Outcome, RemainingTime, TagObjects
from function.errors import TaggerError
from function.s3 import S3Object

logger = Logger(service="pet-tagger-bulk")


def logged(tag_objects: TagObjects, request_id: str) -> TagObjects:
    """Return `tag_objects` with logging around it."""

    def tag(objects: Sequence[S3Object], remaining_s: RemainingTime) -> dict[S3Object, Outcome]:
        start = time.perf_counter()
        outcomes = tag_objects(objects, remaining_s)
        counts = {"tagged": 0, "without_tags": 0, "unfinished": 0}
        for s3_object, outcome in outcomes.items():
            counts[_kind(outcome)] += 1
            if isinstance(outcome, Exception):
                unexpected = None if isinstance(outcome, TaggerError) else outcome
                fields = {"object": str(s3_object), "reason": str(outcome), "request_id": request_id}
                logger.warning("object not finished", extra=fields, exc_info=unexpected)
        milliseconds = round((time.perf_counter() - start) * 1000, 2)
        logger.info("batch", extra={"request_id": request_id, "milliseconds": milliseconds, **counts})
        return outcomes

    return tag


def _kind(outcome: Outcome) -> str:
    if isinstance(outcome, Exception):
        return "unfinished"
    return "without_tags" if "error" in outcome else "tagged"
