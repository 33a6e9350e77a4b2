"""Lambda entry for HTTP, and the ASGI app that a laptop serves: the model is loaded here, in module scope, once."""

import os

from mangum import Mangum

from function.api.app import create_app
from function.api.observe import logger
from function.settings import Settings
from function.tagging.tagger import Tagger

# Mangum sends everything else base64-encoded; naming any replaces its own list.
_TEXT_MIME_TYPES = ["text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml"]

settings = Settings.from_environment(os.environ)
tagger = Tagger.load(settings.model_dir, settings.model_dtype, settings.max_image_pixels)
logger.info("model loaded", extra={"model": tagger.manifest.model_name, "labels": tagger.manifest.labels_digest})
app = create_app(tagger, settings)
# Without lifespan="off" Mangum would run start-up and shut-down around every request.
handler = Mangum(app, lifespan="off", text_mime_types=_TEXT_MIME_TYPES)
