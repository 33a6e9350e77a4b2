"""The body of a request as one image with options, or as texts. The Content-Type selects the parser."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.datastructures import QueryParams

from function.api import form
from function.api.json_body import decode_base64, parse_json
from function.api.media_type import FORM, is_json, may_be_image, media_type
from function.api.receive import read_body, too_many_bytes
from function.api.schemas import EmbedRequest, TagRequest
from function.api.upload_bucket import UploadBucket
from function.errors import InvalidOption, MissingImage, UnsupportedMediaType
from function.settings import Settings

# h11, which uvicorn uses, limits the head of a request to 64 KiB. API Gateway and load balancers allow less.
_MAX_QUERY_BYTES = 65_536


@dataclass(frozen=True)
class ImageBody:
    """One image file, and the options of the request as they came: texts, or values of JSON."""

    image: bytes
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Texts:
    """Texts to embed. `is_list` is false if the request had a single text and no list."""

    texts: list[str]
    is_list: bool


async def read_tag_body(request: Request, settings: Settings, upload_bucket: UploadBucket) -> ImageBody:
    """Return the image and the options of a `POST /tag`. Options in the body override options in the query.

    Raises RequestError.
    """
    query = _query(request)
    raw = await read_body(request, settings.max_image_bytes, settings.max_upload_seconds)
    if is_json(media_type(request.headers)):
        json = parse_json(raw, TagRequest)
        image = await _image_of(json.inputs, settings, upload_bucket)
        body = ImageBody(image, json.parameters or {})
    else:
        body = _form_or_image(raw, request, settings)
    return ImageBody(body.image, {**query, **body.options})


async def read_embed_body(request: Request, settings: Settings, upload_bucket: UploadBucket) -> bytes | Texts:
    """Return the image file or the texts of a `POST /embed`, which has no options.

    Raises RequestError.
    """
    query = _query(request)
    raw = await read_body(request, settings.max_image_bytes, settings.max_upload_seconds)
    if is_json(media_type(request.headers)):
        json = parse_json(raw, EmbedRequest)
        _refuse_options(query)
        return _texts(json) or await _image_of(json.inputs or "", settings, upload_bucket)
    body = _form_or_image(raw, request, settings)
    _refuse_options({**query, **body.options})
    return body.image


def _form_or_image(raw: bytes, request: Request, settings: Settings) -> ImageBody:
    """Return the image and the options of a body that is a form or the image itself."""
    name = media_type(request.headers)
    if name == FORM:
        parts = form.parse_form(raw, request.headers["content-type"])
        return ImageBody(_checked(form.image_in(parts), settings), grouped(form.fields_in(parts)))
    if may_be_image(name):
        return ImageBody(_checked(raw, settings))
    raise UnsupportedMediaType(
        "Send the image as multipart/form-data, as a raw body (image/... or application/octet-stream), or as base64 "
        "in application/json."
    )


async def _image_of(inputs: str, settings: Settings, upload_bucket: UploadBucket) -> bytes:
    """Return the image that is base64 in `inputs`, or the S3 object whose URL is `inputs`, which may be larger."""
    if inputs.startswith("s3://"):
        return _present(await asyncio.to_thread(upload_bucket.read, inputs))
    return _checked(decode_base64(inputs), settings)


def _texts(json: EmbedRequest) -> Texts | None:
    """Return the texts of a JSON body, or None if it holds an image."""
    if json.text is not None:
        return Texts([json.text], is_list=False)
    return None if json.texts is None else Texts(json.texts, is_list=True)


def _checked(image: bytes, settings: Settings) -> bytes:
    """Return the image file if it is neither empty nor too large."""
    if len(_present(image)) > settings.max_image_bytes:
        raise too_many_bytes(settings.max_image_bytes)
    return image


def _present(image: bytes) -> bytes:
    if not image:
        raise MissingImage("The request has no image, or an empty one.")
    return image


def _refuse_options(options: Iterable[str]) -> None:
    for name in options:
        raise InvalidOption(f"{name[:50]}: unknown option; /embed has no options.")


def _query(request: Request) -> dict[str, Any]:
    """Return the options in the query string."""
    query = request.scope["query_string"]
    if len(query) > _MAX_QUERY_BYTES:
        raise InvalidOption(f"The query string is too long. The limit is {_MAX_QUERY_BYTES:,} bytes.")
    return grouped(QueryParams(query).multi_items())


def grouped(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return names with their values: one text, or a list where a name is repeated."""
    options: dict[str, Any] = {}
    for name, value in items:
        options.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in options.items()}
