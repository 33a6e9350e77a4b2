"""Logs of the bulk function: one line for each batch, and one for each object that failed. Never an image."""

import time
from collections.abc import Mapping

from aws_lambda_powertools import Logger

from function.bulk.pipeline import Outcome
from function.errors import TaggerError
from function.s3 import S3Object

logger = Logger(service="pet-tagger-bulk")


def log_batch(outcomes: Mapping[S3Object, Outcome], start: float) -> None:
    """Log the outcomes of a batch that was started when `time.perf_counter` was `start`."""
    counts = {"tagged": 0, "failed": 0, "unfinished": 0}
    for s3_object, outcome in outcomes.items():
        if isinstance(outcome, Exception):
            counts["unfinished"] += 1
            unexpected = None if isinstance(outcome, TaggerError) else outcome
            fields = {"object": str(s3_object), "reason": str(outcome)}
            logger.warning("object not finished", extra=fields, exc_info=unexpected)
        else:
            counts["failed" if "error" in outcome else "tagged"] += 1
    milliseconds = round((time.perf_counter() - start) * 1000, 2)
    logger.info("batch", extra={"milliseconds": milliseconds, **counts})
