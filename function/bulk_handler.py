"""Lambda entry for SQS and Step Functions. The model is loaded once, in module scope."""

import os
from typing import Any

from function.clip.torch_import import import_lean
from function.errors import ModelError
from function.settings import Settings

settings = Settings.from_environment(os.environ)
if not settings.results_bucket:
    raise ModelError("bad settings: RESULTS_BUCKET is not set, so there is no place for results")
import_lean()

from function.bulk.eventbridge import EventPublisher  # noqa: E402
from function.bulk.observe import logged, logger  # noqa: E402
from function.bulk.pipeline import BulkTagger  # noqa: E402
from function.bulk.results import Results  # noqa: E402
from function.bulk.sqs import handle_sqs  # noqa: E402
from function.bulk.step_functions import handle_batch  # noqa: E402
from function.s3 import ObjectStore  # noqa: E402
from function.tagging.tagger import Tagger  # noqa: E402

tagger = Tagger.load(settings.model_dir, settings.model_dtype, settings.max_image_pixels)
logger.info("model loaded", model=tagger.manifest.model_name, labels_digest=tagger.manifest.labels_digest)
_store = ObjectStore()
bulk_tagger = BulkTagger(
    tagger,
    _store,
    Results(_store, settings.results_bucket, tagger.manifest),
    EventPublisher(settings.event_bus),
    max_object_bytes=settings.max_object_bytes,
    write_object_tags=settings.write_object_tags,
)


def handler(event: Any, context: Any) -> Any:
    """Handle an SQS event, or a batch of the backfill's state machine."""

    def remaining_s() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    tag_objects = logged(bulk_tagger.tag, context.aws_request_id)
    if "Records" in event:
        return handle_sqs(event, tag_objects, remaining_s)
    return handle_batch(event, tag_objects, remaining_s)
