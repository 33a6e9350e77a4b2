"""Requests to one image and its options, or to texts, whichever way they were sent."""

import asyncio
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pybase64
from fastapi import Request
from pydantic import ValidationError
from pydantic_core import from_json

from function.api.forms import OVERHEAD_BYTES, read_form, values_of
from function.api.limits import limited, too_many_bytes
from function.api.schemas import EmbedRequest, TagRequest
from function.errors import (
    InvalidOption,
    MalformedBody,
    MissingImage,
    UnsupportedMediaType,
)
from function.tagging.options import MAX_OPTIONS, TagOptions, describe_errors

_Body = TypeVar("_Body", TagRequest, EmbedRequest)

# What h11, below uvicorn, takes as a request's head; API Gateway and load balancers take less.
_MAX_QUERY_BYTES = 65_536
# What pydantic calls a text or a list that does not keep to its limits.
_OUT_OF_LIMITS = {"string_too_long", "string_too_short", "too_long", "too_short"}


@dataclass(frozen=True)
class Upload:
    """One image file and what the caller wants of it."""

    data: bytes
    options: TagOptions


@dataclass(frozen=True)
class Texts:
    """Texts to embed; `several` says whether they came as a list, even one of one."""

    texts: list[str]
    several: bool


async def read_tag(request: Request, max_image_bytes: int, read_s3: Callable[[str], bytes]) -> Upload:
    """Return the image and options of a `POST /tag`; `read_s3` reads what an s3:// URL names.

    Options in the body come before those in the query. Raises the RequestError that says what is wrong.
    """
    if _media_type(request) == "application/json":
        body = await _read_json(request, max_image_bytes, TagRequest)
        data, options = await _read_inputs(body.inputs, max_image_bytes, read_s3), body.parameters or {}
    else:
        data, options = await _read_image(request, max_image_bytes)
    return Upload(data, TagOptions.parse({**_query(request), **options}))


async def read_embed(request: Request, max_image_bytes: int, read_s3: Callable[[str], bytes]) -> bytes | Texts:
    """Return the image file or the texts of a `POST /embed`; `read_s3` reads what an s3:// URL names.

    Raises the RequestError that says what is wrong.
    """
    given: bytes | Texts
    options: dict[str, Any] = {}
    if _media_type(request) == "application/json":
        body = await _read_json(request, max_image_bytes, EmbedRequest)
        given = _texts(body) or await _read_inputs(body.inputs or "", max_image_bytes, read_s3)
    else:
        given, options = await _read_image(request, max_image_bytes)
    for name in {**_query(request), **options}:
        raise InvalidOption(f"{name[:50]}: unknown option; /embed takes none.")
    return given


def _texts(body: EmbedRequest) -> Texts | None:
    """Return the texts of a body, None if it holds an image."""
    if body.text is not None:
        return Texts([body.text], several=False)
    return None if body.texts is None else Texts(body.texts, several=True)


async def _read_inputs(inputs: str, max_image_bytes: int, read_s3: Callable[[str], bytes]) -> bytes:
    """Return the image that `inputs` is or names; one in S3 has a limit of its own."""
    if inputs.startswith("s3://"):
        return _present(await asyncio.to_thread(read_s3, inputs))
    return _checked(_decode(inputs), max_image_bytes)


async def _read_image(request: Request, max_image_bytes: int) -> tuple[bytes, dict[str, Any]]:
    """Return the image and the options of a body that is a form or the image itself."""
    media_type = _media_type(request)
    if media_type == "multipart/form-data":
        data, options = await read_form(limited(request, max_image_bytes + OVERHEAD_BYTES))
        return _checked(data, max_image_bytes), options
    if media_type in ("", "application/octet-stream") or media_type.startswith("image/"):
        return _present(await limited(request, max_image_bytes).body()), {}
    raise UnsupportedMediaType(
        "Send the image as multipart/form-data, as a raw body (image/... or application/octet-stream), or base64 in "
        "application/json."
    )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _checked(data: bytes, max_image_bytes: int) -> bytes:
    """Return the image file if there is one, and it is not too large."""
    if len(_present(data)) > max_image_bytes:
        raise too_many_bytes(max_image_bytes)
    return data


def _present(data: bytes) -> bytes:
    if not data:
        raise MissingImage("The request has no image, or an empty one.")
    return data


async def _read_json(request: Request, max_image_bytes: int, model: type[_Body]) -> _Body:
    """Return a JSON body that may hold an image, base64."""
    encoded_bytes = (max_image_bytes + 2) // 3 * 4
    body = await limited(request, encoded_bytes + OVERHEAD_BYTES).body()
    wrong = f"The JSON body should be {model.SHAPE}."
    try:
        given = from_json(body)
    except ValueError as error:
        raise MalformedBody(f"{wrong} Invalid JSON: {error}.") from error
    # A complaint about each of half a million names would take seconds.
    if not isinstance(given, dict) or len(given) > MAX_OPTIONS:
        raise MalformedBody(f"{wrong} It is no object of a few names.")
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(describe_errors(error))
        if all(item["type"] in _OUT_OF_LIMITS for item in error.errors(include_url=False, include_input=False)):
            raise InvalidOption(f"{problems}.") from error
        raise MalformedBody(f"{wrong} {problems}.") from error


def _decode(inputs: str) -> bytes:
    """Return the bytes of a base64 text or a data: URL."""
    if re.match(r"https?://", inputs, re.IGNORECASE):
        raise MalformedBody("inputs is a URL, and URLs are never fetched: send the image itself, base64.")
    if inputs.startswith("data:"):
        inputs = inputs.partition(",")[2]
    try:
        return pybase64.b64decode("".join(inputs.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedBody("inputs is not valid base64.") from error


def _query(request: Request) -> dict[str, Any]:
    """Return the options in the query; raises InvalidOption if it is longer than any front door passes on."""
    if len(request.scope["query_string"]) > _MAX_QUERY_BYTES:
        raise InvalidOption(f"The query is longer than {_MAX_QUERY_BYTES:,} bytes.")
    return values_of(request.query_params)
