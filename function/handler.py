"""Lambda entry for HTTP, and the ASGI app that a laptop serves: the model is loaded here, in module scope, once."""

import gc
import logging
import os
import re
import time
from contextlib import suppress
from typing import Any

from function import IMPORTED_AT
from function.clip.torch_import import import_lean

gc.disable()  # nothing of what is imported is garbage: looking for it takes a tenth of the time

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
from function.api.problems import MEDIA_TYPE, problem_response  # noqa: E402

tagger = _loading.result()

# Mangum sends every other type base64-encoded; naming any replaces its own list.
_TEXT_MIME_TYPES = ["text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml"]

# What API Gateway calls a stage or a base path.
_PATH = re.compile(r"(/[\w.~-]+)+")

start_ms = round((time.perf_counter() - IMPORTED_AT) * 1000, 2)
logger.info(
    "model loaded", model=tagger.manifest.model_name, labels_digest=tagger.manifest.labels_digest, start_ms=start_ms
)
# Provisioned concurrency starts processes ahead of any request: nobody waited.
_waited_for = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency"
app = create_app(tagger, settings, start_ms if _waited_for else None)


async def _app_behind_stage(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve the app below the stage's path, which API Gateway cuts off, so that /docs finds its own document.

    Whoever may invoke the function can send an event of any types; what is no text would raise in the app.
    """
    full_path = str((scope["aws.event"].get("requestContext") or {}).get("path") or "")
    stage = full_path.removesuffix(scope["path"]) if full_path.endswith(scope["path"]) else ""
    stage = stage if _PATH.fullmatch(stage) else ""  # it becomes part of a page's script
    await app({**scope, "method": str(scope["method"]), "root_path": stage}, receive, send)


# It logs every request, which api/middleware.py does.
logging.getLogger("mangum").setLevel(logging.WARNING)
# lifespan="off": Mangum would run start-up and shut-down around every request.
_adapter = Mangum(_app_behind_stage, lifespan="off", text_mime_types=_TEXT_MIME_TYPES)
# What is here by now stays: no later collection looks at it again, a quarter of a million objects.
gc.freeze()
gc.enable()


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one event of an API Gateway, function URL or load balancer.

    The app answers every request itself; what Mangum raises are events that no front door sends.
    """
    try:
        return _adapter(_with_decoded_body(event), context)
    except Exception:
        logger.exception("not an HTTP event")
        problem = problem_response(context.aws_request_id, 400, "malformed_event", "This is not an HTTP event.")
        body, headers = bytes(problem.body).decode(), {"content-type": MEDIA_TYPE}
        return {"statusCode": problem.status_code, "headers": headers, "body": body, "isBase64Encoded": False}


def _with_decoded_body(event: Any) -> Any:
    """Return the event, its base64 body as bytes, which Mangum passes on: its own decoder is slow for a large photo.

    What is not quite base64 is left to that, which is lenient.
    """
    with suppress(KeyError, TypeError, ValueError):
        if event["isBase64Encoded"]:
            return {**event, "body": pybase64.b64decode(event["body"], validate=True), "isBase64Encoded": False}
    return event
