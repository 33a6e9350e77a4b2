"""Pet tagger: an image in, tags with confidence scores out. CLIP zero-shot, made for AWS Lambda."""

import os
import time

__version__ = "0.1.0"

# The log reports the duration of the start from here.
IMPORTED_AT = time.perf_counter()
# The service has no pydantic plugins. To search for them, pydantic reads the entry points of every installed package,
# which is up to 5 % of a cold start (https://docs.pydantic.dev/latest/concepts/plugins/).
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
