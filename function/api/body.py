"""The body of a request as one image with options, or as texts. The Content-Type selects the parser."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from function.api.form import fields_in, grouped, image_in, parse_form, without_ignored
from function.api.json_body import JsonBody, decode_base64, parse_json
from function.api.receive import kind_of_body, media_type, read_body, too_many_bytes
from function.api.schemas import EmbedRequest, TagRequest
from function.api.services import Services
from function.errors import InvalidOption, MissingImage, UnsupportedMediaType
from function.images.signatures import supported_format

# h11, which uvicorn uses, limits the head of a request to 64 KiB. API Gateway and load balancers allow less.
_MAX_QUERY_BYTES = 65_536
# No image format has this many bytes at its start that are valid UTF-8.
_TEXT_SAMPLE_BYTES = 4096


@dataclass(frozen=True)
class ImageBody:
    """One image file, and the options of the request as they came: texts, or values of JSON."""

    image: bytes
    options: dict[str, Any]


async def read_tag_body(request: Request, services: Services) -> ImageBody:
    """Return the image and the options of a `POST /tag`. Options in the body override options in the query.

    Raises RequestError.
    """
    query, body = await _read(request, services, TagRequest)
    if isinstance(body, TagRequest):
        body = ImageBody(await _image_of(body.inputs, services), body.parameters or {})
    return ImageBody(body.image, without_ignored(query | body.options))


async def read_embed_body(request: Request, services: Services) -> bytes | EmbedRequest:
    """Return the image file of a `POST /embed`, or the request if it has texts. It has no options.

    Raises RequestError.
    """
    query, body = await _read(request, services, EmbedRequest)
    options = query if isinstance(body, EmbedRequest) else query | body.options
    for name in without_ignored(options):
        raise InvalidOption(f"{name[:50]}: unknown option; /embed has no options.")
    if isinstance(body, ImageBody):
        return body.image
    return body if body.inputs is None else await _image_of(body.inputs, services)


async def _read(
    request: Request, services: Services, model: type[JsonBody]
) -> tuple[dict[str, Any], JsonBody | ImageBody]:
    """Return the options in the query, and the body: as `model` if it is JSON."""
    if len(request.scope["query_string"]) > _MAX_QUERY_BYTES:
        raise InvalidOption(f"The query string is too long. The limit is {_MAX_QUERY_BYTES:,} bytes.")
    query = grouped(request.query_params.multi_items())
    max_image_bytes = services.settings.max_image_bytes
    raw = await read_body(request, max_image_bytes, services.settings.max_upload_seconds)
    kind = kind_of_body(media_type(request.headers), raw)
    if kind == "json":
        return query, parse_json(raw, model)
    if kind == "image":
        return query, ImageBody(_checked(raw, max_image_bytes), {})
    parts = parse_form(raw, request.headers["content-type"])
    return query, ImageBody(_checked(image_in(parts), max_image_bytes), grouped(fields_in(parts)))


async def _image_of(inputs: str, services: Services) -> bytes:
    """Return the image that is base64 in `inputs`, or the S3 object whose URL is `inputs`, which may be larger."""
    if inputs[:5].lower() == "s3://":
        return _present(await asyncio.to_thread(services.upload_bucket.read, inputs))
    return _checked(decode_base64(inputs), services.settings.max_image_bytes)


def _checked(image: bytes, max_bytes: int) -> bytes:
    """Return the image file if it is neither empty nor too large nor text."""
    if len(_present(image)) > max_bytes:
        raise too_many_bytes(max_bytes)
    if _was_text(image):
        raise UnsupportedMediaType(
            "The body arrived as text, so the image is damaged. Send a Content-Type that the API treats as "
            "binary (multipart/form-data, application/octet-stream, image/jpeg, ...) or base64 in application/json. "
            "API Gateway converts all other types to text: see BinaryMediaTypes in template.yaml."
        )
    return image


def _present(image: bytes) -> bytes:
    if not image:
        raise MissingImage("The request has no image, or an empty one.")
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
