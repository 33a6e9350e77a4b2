"""The body of a request as one image with options, or as texts. The Content-Type selects the parser."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.datastructures import QueryParams

from function.api import form
from function.api.form import grouped, without_ignored
from function.api.json_body import decode_base64, parse_json
from function.api.receive import kind_of_body, media_type, read_body, too_many_bytes
from function.api.schemas import EmbedRequest, TagRequest
from function.api.upload_bucket import UploadBucket
from function.errors import InvalidOption, MissingImage, UnsupportedMediaType
from function.images.signatures import supported_format
from function.settings import Settings

# h11, which uvicorn uses, limits the head of a request to 64 KiB. API Gateway and load balancers allow less.
_MAX_QUERY_BYTES = 65_536
# No image format has this many bytes at its start that are valid UTF-8.
_TEXT_SAMPLE_BYTES = 4096


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
    kind = kind_of_body(media_type(request.headers), raw)
    if kind == "json":
        json = parse_json(raw, TagRequest)
        image = await _image_of(json.inputs, settings, upload_bucket)
        body = ImageBody(image, json.parameters or {})
    else:
        body = _form_or_image(raw, kind, request, settings)
    return ImageBody(body.image, without_ignored({**query, **body.options}))


async def read_embed_body(request: Request, settings: Settings, upload_bucket: UploadBucket) -> bytes | Texts:
    """Return the image file or the texts of a `POST /embed`, which has no options. Raises RequestError."""
    query = _query(request)
    raw = await read_body(request, settings.max_image_bytes, settings.max_upload_seconds)
    kind = kind_of_body(media_type(request.headers), raw)
    if kind == "json":
        json = parse_json(raw, EmbedRequest)
        _refuse_options(query)
        if json.text is not None:
            return Texts([json.text], is_list=False)
        if json.texts is not None:
            return Texts(json.texts, is_list=True)
        return await _image_of(json.inputs or "", settings, upload_bucket)
    body = _form_or_image(raw, kind, request, settings)
    _refuse_options({**query, **body.options})
    return body.image


def _form_or_image(raw: bytes, kind: str, request: Request, settings: Settings) -> ImageBody:
    """Return the image and the options of a body that is a form or the image itself."""
    if kind == "image":
        return ImageBody(_checked(raw, settings))
    parts = form.parse_form(raw, request.headers["content-type"])
    return ImageBody(_checked(form.image_in(parts), settings), grouped(form.fields_in(parts)))


async def _image_of(inputs: str, settings: Settings, upload_bucket: UploadBucket) -> bytes:
    """Return the image that is base64 in `inputs`, or the S3 object whose URL is `inputs`, which may be larger."""
    if inputs[:5].lower() == "s3://":
        return _present(await asyncio.to_thread(upload_bucket.read, inputs))
    return _checked(decode_base64(inputs), settings)


def _checked(image: bytes, settings: Settings) -> bytes:
    """Return the image file if it is neither empty nor too large."""
    if len(_present(image)) > settings.max_image_bytes:
        raise too_many_bytes(settings.max_image_bytes)
    if _was_text(image):
        raise UnsupportedMediaType(
            "The body arrived as text, so the image is damaged. Send a Content-Type that the API treats as "
            "binary (multipart/form-data, application/octet-stream, image/jpeg, ...) or base64 in application/json. "
            "API Gateway converts all other types to text: see BinaryMediaTypes in template.yaml."
        )
    return image


def _was_text(image: bytes) -> bool:
    """Return whether a proxy decoded the image as UTF-8, with replacement characters, or as Latin-1."""
    sample = image[:_TEXT_SAMPLE_BYTES]
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.start < _TEXT_SAMPLE_BYTES - 4:  # else a character is cut at the end of the sample
            return False
        text = sample[: error.start].decode()
    as_latin_1 = text.encode("latin-1", errors="replace")
    return "\ufffd" in text or bool(supported_format(as_latin_1) and not supported_format(sample))


def _present(image: bytes) -> bytes:
    if not image:
        raise MissingImage("The request has no image, or an empty one.")
    return image


def _refuse_options(options: Mapping[str, Any]) -> None:
    for name in without_ignored(options):
        raise InvalidOption(f"{name[:50]}: unknown option; /embed has no options.")


def _query(request: Request) -> dict[str, Any]:
    """Return the options in the query string."""
    query = request.scope["query_string"]
    if len(query) > _MAX_QUERY_BYTES:
        raise InvalidOption(f"The query string is too long. The limit is {_MAX_QUERY_BYTES:,} bytes.")
    return grouped(QueryParams(query).multi_items())
