"""JSON bodies: the request as a model, and the image file in its base64 text."""

from json import detect_encoding
from typing import Any, TypeVar
from urllib.parse import unquote

import pybase64
from pydantic import ValidationError
from pydantic_core import from_json

from function.api.schemas import EmbedRequest, TagRequest
from function.errors import InvalidOption, MalformedBody
from function.tagging.options import MAX_OPTIONS, describe_errors

JsonBody = TypeVar("JsonBody", TagRequest, EmbedRequest)

# Pydantic's error types for a text or a list that is too long or too short.
_LENGTH_ERRORS = {"string_too_long", "string_too_short", "too_long", "too_short"}
_IGNORED = {"options", "model"}
_MAX_SCHEME_CHARACTERS = 100
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")


def parse_json(body: bytes, model: type[JsonBody]) -> JsonBody:
    """Return the body as `model`. Raises MalformedBody, or InvalidOption if only lengths are outside their limits."""
    expected = f"The JSON body must look like {model.SHAPE}."
    try:
        values = from_json(_as_utf8(body))
    except ValueError as error:
        raise MalformedBody(f"{expected} Invalid JSON: {error}.") from error
    # Validation would report each of half a million unknown names, which takes seconds.
    if not isinstance(values, dict) or len(values) > MAX_OPTIONS:
        raise MalformedBody(f"{expected} Expected a JSON object with at most {MAX_OPTIONS} keys.")
    try:
        return model.model_validate(_current_shape(values))
    except ValidationError as error:
        problems = "; ".join(describe_errors(error))
        if all(item["type"] in _LENGTH_ERRORS for item in error.errors(include_url=False, include_input=False)):
            raise InvalidOption(f"{problems}.") from error
        raise MalformedBody(f"{expected} {problems}.") from error


def _as_utf8(body: bytes) -> bytes:
    """Return a JSON text in UTF-8 without a byte order mark; like FastAPI, accept UTF-16 and UTF-32 too."""
    encoding = detect_encoding(body)
    return body if encoding == "utf-8" else body.decode(encoding).encode()


def decode_base64(inputs: str) -> bytes:
    """Return the bytes of a base64 text or a data: URL; the alphabet may be URL-safe and the padding may be missing."""
    scheme = inputs[:_MAX_SCHEME_CHARACTERS].lstrip().lower()
    if scheme.startswith(("http://", "https://")):
        raise MalformedBody("`inputs` is a URL. The service fetches no URLs: send the image itself as base64.")
    if scheme.startswith("data:"):
        inputs = unquote(inputs.partition(",")[2])
    try:
        text = inputs.encode("ascii").translate(_STANDARD_ALPHABET, delete=b" \t\r\n").rstrip(b"=")
        return pybase64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise MalformedBody("The image is not valid base64.") from error


def _current_shape(values: dict[str, Any]) -> dict[str, Any]:
    """Return a body in the format of other Hugging Face clients in the format of the current one.

    The JavaScript SDK sends `{"inputs": {"image": ...}}`, and old versions of huggingface_hub send `{"image": ...}`.
    Old clients also add `options` for Hugging Face's own servers, and the name of a model.
    """
    current = {name: value for name, value in values.items() if name not in _IGNORED}
    if "inputs" not in current and "image" in current:
        current["inputs"] = current.pop("image")
    match current.get("inputs"):
        case {"image": image, **rest} if not rest:
            current["inputs"] = image
    return current
