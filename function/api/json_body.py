"""JSON bodies: the request as a model, and the image file in its base64 text."""

import binascii
import re
from typing import TypeVar

import pybase64
from pydantic import ValidationError
from pydantic_core import from_json

from function.api.schemas import EmbedRequest, TagRequest
from function.errors import InvalidOption, MalformedBody
from function.tagging.options import MAX_OPTIONS, describe_errors

_Body = TypeVar("_Body", TagRequest, EmbedRequest)

# Pydantic's error types for a text or a list that is too long or too short.
_LENGTH_ERRORS = {"string_too_long", "string_too_short", "too_long", "too_short"}


def parse_json(body: bytes, model: type[_Body]) -> _Body:
    """Return the body as `model`.

    Raises MalformedBody, or InvalidOption if only lengths are outside their limits.
    """
    expected = f"The JSON body must look like {model.SHAPE}."
    try:
        values = from_json(body)
    except ValueError as error:
        raise MalformedBody(f"{expected} Invalid JSON: {error}.") from error
    # Validation would report each of half a million unknown names, which takes seconds.
    if not isinstance(values, dict) or len(values) > MAX_OPTIONS:
        raise MalformedBody(f"{expected} Expected a JSON object with at most {MAX_OPTIONS} keys.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(describe_errors(error))
        if all(item["type"] in _LENGTH_ERRORS for item in error.errors(include_url=False, include_input=False)):
            raise InvalidOption(f"{problems}.") from error
        raise MalformedBody(f"{expected} {problems}.") from error


def decode_base64(inputs: str) -> bytes:
    """Return the bytes of a base64 text or a data: URL."""
    if re.match(r"https?://", inputs, re.IGNORECASE):
        raise MalformedBody("`inputs` is a URL. The service fetches no URLs: send the image itself as base64.")
    if inputs.startswith("data:"):
        inputs = inputs.partition(",")[2]
    try:
        return pybase64.b64decode("".join(inputs.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedBody("`inputs` is not valid base64.") from error
