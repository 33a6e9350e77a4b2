"""Pet tagger: an image in, tags with confidence scores out. CLIP zero-shot, made for AWS Lambda."""

__version__ = "0.1.0"
