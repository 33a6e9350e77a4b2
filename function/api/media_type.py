"""The Content-Type of a request, and which kind of body it means."""

import re
from codecs import BOM_UTF8
from typing import Literal

from starlette.datastructures import Headers

from function.errors import UnsupportedMediaType
from function.images.signatures import supported_format

FORM = "multipart/form-data"
_JSON = re.compile(r"(application|text)/([\w.-]+\+)?json")
# Types for any bytes. S3 uses the last one.
_ANY_BYTES = {"", "application/octet-stream", "binary/octet-stream"}
# Types that curl, fetch and axios send if the caller sets none, so they say nothing about the body.
_DEFAULTS = {"", "application/x-www-form-urlencoded", "text/plain"}


def media_type(headers: Headers) -> str:
    """Return the type without its parameters, in lower case; empty if the request has none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def kind_of_body(name: str, body: bytes) -> Literal["form", "json", "image"]:
    """Return which parser a body of the media type `name` needs.

    Raises UnsupportedMediaType.
    """
    if name == FORM:
        return "form"
    starts_like_json = body[:100].removeprefix(BOM_UTF8).lstrip().startswith(b"{")
    if _JSON.fullmatch(name) or (name in _DEFAULTS and starts_like_json):
        return "json"
    if name in _ANY_BYTES or name.startswith("image/") or supported_format(body):
        return "image"
    raise UnsupportedMediaType(
        "Send the image as multipart/form-data, as a raw body (image/... or application/octet-stream), or as base64 "
        "in application/json."
    )
