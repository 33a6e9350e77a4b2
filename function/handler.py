"""Lambda entry for HTTP, and the ASGI app of the local server. Importing this module loads the model once."""

import gc
import logging
import os
import re
import time
from contextlib import suppress
from typing import Any

from function import IMPORTED_AT
from function.clip.torch_import import import_lean

gc.disable()  # imports leave no garbage, and collecting takes a tenth of the start-up time

from function.settings import Settings  # noqa: E402

settings = Settings.from_environment(os.environ)
import_lean()

from function.tagging.tagger import Tagger  # noqa: E402

# The weights are loaded on the inference thread while the web framework is imported.
_loading = Tagger.load_in_background(settings.model_dir, settings.model_dtype, settings.max_image_pixels)

import pybase64  # noqa: E402
from mangum import Mangum  # noqa: E402
from starlette.types import Receive, Scope, Send  # noqa: E402

from function.api.app import create_app  # noqa: E402
from function.api.middleware import logger  # noqa: E402
from function.api.paths import split_path  # noqa: E402
from function.api.problems import MEDIA_TYPE, problem_response  # noqa: E402
from function.errors import UnexpectedEvent  # noqa: E402
from function.snapstart import SNAP_START, register_hooks  # noqa: E402
from function.start import Start  # noqa: E402

tagger = _loading.result()

# Mangum sends all other types as base64. This list replaces Mangum's own.
_TEXT_MIME_TYPES = ["text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml"]
# Keys and texts of the events that warm-up plugins and schedules send.
_WARM_UP = re.compile(r"warm|\bping\b|keep.?a(live|ctive)|^Scheduled Event$", re.IGNORECASE)
# Keys of the events of SQS, S3, SNS, DynamoDB and Kinesis, Kafka, EventBridge, CloudWatch Logs and Step Functions.
_SERVICE_KEYS = {"Records", "records", "detail-type", "awslogs", "Items", "Event"}
_EMPTY_ANSWER = {"statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": False}

start_ms = round((time.perf_counter() - IMPORTED_AT) * 1000, 2)
logger.info(
    "model loaded", model=tagger.manifest.model_name, labels_digest=tagger.manifest.labels_digest, start_ms=start_ms
)
start = Start()
_initialization_type = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
if _initialization_type == SNAP_START:
    register_hooks(tagger, start)
elif _initialization_type == "on-demand":  # with provisioned concurrency, no request waits for the start
    start.record("init", start_ms)
app = create_app(tagger, settings, start)


async def _app_behind_front_door(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve the app below the prefix of the event's path: a stage or a base path.

    Events may have values of any type, and the app expects a text as method.
    """
    prefix, route = split_path(scope["aws.event"], scope["path"])
    await app({**scope, "method": str(scope["method"]), "path": prefix + route, "root_path": prefix}, receive, send)


# Mangum logs every request, and so does the app's own middleware.
logging.getLogger("mangum").setLevel(logging.WARNING)
# lifespan="off", because Mangum would run start-up and shut-down around every request.
_adapter = Mangum(_app_behind_front_door, lifespan="off", text_mime_types=_TEXT_MIME_TYPES)
# Later collections skip the quarter of a million objects that exist now.
gc.freeze()
gc.enable()


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one event of an API Gateway, function URL or load balancer; warm-up pings get an empty answer.

    Raises UnexpectedEvent for events of other AWS services, so that the invocation fails and the service retries.
    """
    if isinstance(event, dict) and event.get("requestContext"):
        return _answer_request(event, context)
    if not event or event == {"Records": []} or _is_warm_up(event):
        logger.info("warm-up or empty event", extra=start.take_log_fields())
        return _EMPTY_ANSWER
    if isinstance(event, dict) and _SERVICE_KEYS & event.keys():
        raise UnexpectedEvent(
            f"This function answers HTTP requests only. It got an event with the keys {sorted(map(str, event))[:5]}. "
            "Send events of SQS, S3 and Step Functions to the bulk function."
        )
    logger.warning("not an HTTP event")
    return _malformed_event(context)


def _answer_request(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the app's answer. The app itself answers all errors, so Mangum raises only for malformed events."""
    try:
        return _adapter(_with_decoded_body(event), context)
    except Exception:
        logger.exception("malformed HTTP event")
        return _malformed_event(context)


def _is_warm_up(event: Any) -> bool:
    words = [*event, *event.values()] if isinstance(event, dict) else [event]
    return any(_WARM_UP.search(word) for word in words if isinstance(word, str) and len(word) <= 100)


def _malformed_event(context: Any) -> dict[str, Any]:
    problem = problem_response(context.aws_request_id, 400, "malformed_event", "This is not an HTTP event.")
    body, headers = bytes(problem.body).decode(), {"content-type": MEDIA_TYPE}
    return {"statusCode": problem.status_code, "headers": headers, "body": body, "isBase64Encoded": False}


def _with_decoded_body(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with its base64 body as bytes, because Mangum's own decoder is slow for a large photo.

    Mangum decodes a body that is not strictly valid base64.
    """
    with suppress(KeyError, TypeError, ValueError):
        if event["isBase64Encoded"]:
            return {**event, "body": pybase64.b64decode(event["body"], validate=True), "isBase64Encoded": False}
    return event
