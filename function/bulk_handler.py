"""Lambda entry for queues and for Step Functions: the second function of the image, its model loaded once as well."""

import os
from typing import Any

from function.clip.torch_import import import_lean
from function.errors import ModelError
from function.settings import Settings

settings = Settings.from_environment(os.environ)
if not settings.results_bucket:
    raise ModelError("bad settings: RESULTS_BUCKET is not set: there is nowhere to write results")
import_lean()

from function.bulk.eventbridge import Announcer  # noqa: E402
from function.bulk.observe import logger, observed  # noqa: E402
from function.bulk.pipeline import BulkTagger  # noqa: E402
from function.bulk.results import Results  # noqa: E402
from function.bulk.sqs import answer_queue  # noqa: E402
from function.bulk.step_functions import answer_items  # noqa: E402
from function.s3 import ObjectStore  # noqa: E402
from function.tagging.tagger import Tagger  # noqa: E402

tagger = Tagger.load(settings.model_dir, settings.model_dtype, settings.max_image_pixels)
logger.info("model loaded", model=tagger.manifest.model_name, labels_digest=tagger.manifest.labels_digest)
_store = ObjectStore()
bulk_tagger = BulkTagger(
    tagger,
    _store,
    Results(_store, settings.results_bucket, tagger.manifest),
    Announcer(settings.event_bus),
    max_object_bytes=settings.max_object_bytes,
    write_object_tags=settings.write_object_tags,
)


def handler(event: Any, context: Any) -> Any:
    """Answer an event of SQS, or a batch of a state machine."""

    def remaining_s() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    tag_objects = observed(bulk_tagger.tag, context.aws_request_id)
    if "Records" in event:
        return answer_queue(event, tag_objects, remaining_s)
    return answer_items(event, tag_objects, remaining_s)
