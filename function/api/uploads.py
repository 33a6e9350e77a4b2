"""Requests to one image and its options, whichever way they were sent."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message, Receive

from function.api.schemas import TagParameters, TagRequest
from function.errors import (
    MalformedBody,
    MissingImage,
    SourceNotSupported,
    TooManyBytes,
    TooManyImages,
    UnsupportedMediaType,
)
from function.tagging.tagger import TagOptions

IMAGE_FIELDS = ("file", "image")
# What a body may hold beside the image: options, part headers, JSON.
_OVERHEAD_BYTES = 256 * 1024
# A client that is still sending does not read our answer: so much of what is too much is read and dropped.
_MAX_DRAINED_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """One image file and what the caller wants of it."""

    data: bytes
    options: TagOptions


async def read_upload(request: Request, max_image_bytes: int) -> Upload:
    """Return the image and options of a `POST /tag`.

    Options in the body come before those in the query. Raises the RequestError that says what is wrong.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    query = _values(request.query_params)
    if media_type == "multipart/form-data":
        data, options = await _read_form(_limited(request, max_image_bytes + _OVERHEAD_BYTES))
    elif media_type == "application/json":
        encoded_bytes = (max_image_bytes + 2) // 3 * 4
        data, options = await _read_json(_limited(request, encoded_bytes + _OVERHEAD_BYTES))
    elif media_type in ("", "application/octet-stream") or media_type.startswith("image/"):
        data, options = await _limited(request, max_image_bytes).body(), {}
    else:
        raise UnsupportedMediaType(
            "Send the image as multipart/form-data, as a raw body (image/... or application/octet-stream), or base64 "
            "in application/json."
        )
    if not data:
        raise MissingImage("The request has no image, or an empty one.")
    if len(data) > max_image_bytes:
        raise _too_many_bytes(max_image_bytes)
    return Upload(data, TagParameters.options({**query, **options}))


async def _read_form(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Return the image and the options of a multipart form."""
    try:
        form = await _InMemoryParser(
            request.headers, request.stream(), max_files=10, max_fields=100, max_part_size=_OVERHEAD_BYTES
        ).parse()
    except MultiPartException as error:
        raise MalformedBody(f"The multipart form does not parse: {error.message}") from error
    try:
        options = FormData([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
        return await _only_image(form).read(), _values(options)
    finally:
        await form.close()


def _only_image(form: FormData) -> UploadFile:
    """Return the one file in a field for images."""
    images = [file for name in IMAGE_FIELDS for file in form.getlist(name) if isinstance(file, UploadFile)]
    if len(images) > 1:
        raise TooManyImages("One image a request, please: the form has several.")
    if not images:
        others = ", ".join(sorted({repr(name[:50]) for name in form})) or "nothing"
        raise MissingImage(f"The form has no file in a field named 'file' or 'image'. It has: {others}.")
    return images[0]


async def _read_json(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Return the image and the options of a JSON body."""
    try:
        body = TagRequest.model_validate_json(await request.body())
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}".lstrip(": ") for item in error.errors()
        )
        raise MalformedBody(
            f'The JSON body should be {{"inputs": "<base64>", "parameters": {{}}}}. {problems}.'
        ) from error
    return _decode(body.inputs), body.parameters or {}


def _decode(inputs: str) -> bytes:
    """Return the bytes that `inputs` stands for."""
    if inputs.startswith("s3://"):
        raise SourceNotSupported("This deployment does not read from S3: send the image itself.")
    if re.match(r"https?://", inputs, re.IGNORECASE):
        raise MalformedBody("inputs is a URL, and URLs are never fetched: send the image itself, base64.")
    if inputs.startswith("data:"):
        inputs = inputs.partition(",")[2]
    try:
        return base64.b64decode("".join(inputs.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedBody("inputs is not valid base64.") from error


def _values(items: QueryParams | FormData) -> dict[str, Any]:
    """Return names to values: one string, or a list where a name is repeated."""
    return {name: values if len(values := items.getlist(name)) > 1 else values[0] for name in items}


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, its files never spilled to disk: they are bounded, and Lambda's disk may not be there."""

    spool_max_size = 2**62


def _limited(request: Request, max_bytes: int) -> Request:
    """Return the request with a body that raises TooManyBytes once it passes `max_bytes`."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > max_bytes:
            await _drain(request.receive, message)
            raise _too_many_bytes(max_bytes)
        return message

    return Request(request.scope, receive)


async def _drain(receive: Receive, message: Message) -> None:
    """Read the rest of a body and drop it, as far as is reasonable."""
    drained = 0
    while message.get("more_body") and drained < _MAX_DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))


def _too_many_bytes(max_bytes: int) -> TooManyBytes:
    return TooManyBytes(f"The upload is too large: at most {max_bytes / 1e6:.1f} MB are accepted.")
