"""Lambda entry for SQS and Step Functions. The model is loaded once, in module scope."""

import os
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import boto3

from function.clip.torch_import import import_lean
from function.errors import ModelError
from function.settings import Settings

settings = Settings.from_environment(os.environ)
if not settings.results_bucket:
    raise ModelError("bad settings: RESULTS_BUCKET is not set, so there is no place for results")
import_lean()

from function.bulk.eventbridge import publish  # noqa: E402
from function.bulk.observe import log_batch, logger  # noqa: E402
from function.bulk.pipeline import BulkTagger, Outcome  # noqa: E402
from function.bulk.results import Results  # noqa: E402
from function.bulk.sqs import handle_sqs  # noqa: E402
from function.bulk.step_functions import handle_batch  # noqa: E402
from function.s3 import ObjectStore, S3Object, client_config  # noqa: E402
from function.tagging.tagger import Tagger  # noqa: E402

tagger = Tagger.load(settings.model_dir, settings.model_dtype, settings.max_image_pixels)
logger.info("model loaded", model=tagger.manifest.model_name, labels_digest=tagger.manifest.labels_digest)
_store = ObjectStore()
_publish = partial(publish, boto3.client("events", config=client_config()), settings.event_bus)
_results = Results(_store, settings.results_bucket, tagger.manifest)
bulk_tagger = BulkTagger(tagger, _store, _results, _publish, settings)


def handler(event: Any, context: Any) -> Any:
    """Handle an SQS event, or a batch of the backfill's state machine."""
    logger.append_keys(request_id=context.aws_request_id)

    def tag_objects(objects: Sequence[S3Object]) -> dict[S3Object, Outcome]:
        start = time.perf_counter()
        outcomes = bulk_tagger.tag(objects, lambda: context.get_remaining_time_in_millis() / 1000)
        log_batch(outcomes, start)
        return outcomes

    return handle_sqs(event, tag_objects) if "Records" in event else handle_batch(event, tag_objects)
