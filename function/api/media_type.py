"""The Content-Type of a request, and which kind of body it means."""

from starlette.datastructures import Headers

FORM = "multipart/form-data"
# Types that HTTP clients send for bytes they know nothing about. S3 uses the last one.
_ANY_BYTES = {"", "application/octet-stream", "binary/octet-stream"}


def media_type(headers: Headers) -> str:
    """Return the type without its parameters, in lower case; empty if the request has none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(name: str) -> bool:
    """Return whether a body of this type is JSON."""
    return name == "application/json"


def may_be_image(name: str) -> bool:
    """Return whether a body of this type is an image file."""
    return name in _ANY_BYTES or name.startswith("image/")
