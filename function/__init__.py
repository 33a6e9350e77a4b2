"""Pet tagger: an image in, tags with confidence scores out. CLIP zero-shot, made for AWS Lambda."""

import os
import time

__version__ = "0.1.0"

# Read before anything else is imported: what a start takes is counted from here.
IMPORTED_AT = time.perf_counter()
# Nothing here extends pydantic. Looking for what does reads the entry points of every package installed: up to a
# twentieth of a cold start (https://docs.pydantic.dev/latest/concepts/plugins/).
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
