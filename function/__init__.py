"""Pet tagger: an image in, tags with confidence scores out. CLIP zero-shot, made for AWS Lambda."""

import time

__version__ = "0.1.0"

# Read before anything else is imported: what a start takes is counted from here.
IMPORTED_AT = time.perf_counter()
