"""The body of a request: its bytes, decompressed, within limits of size and time; and which kind of body it is."""

import asyncio
import re
import zlib
from codecs import BOM_UTF8
from contextlib import suppress
from typing import Literal

from fastapi import Request
from starlette.datastructures import Headers

from function.errors import MalformedBody, Overloaded, TooManyBytes, TooSlow, UnsupportedMediaType
from function.images.signatures import supported_format

# A body may also hold options, part headers and JSON syntax.
_OVERHEAD_BYTES = 256 * 1024
# A client that is still sending does not read the answer, so the rest of a body that is too large is read and dropped.
_MAX_DROPPED_BYTES = 100 * 1024 * 1024
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
# Some clients send deflate without the zlib header that RFC 9110 requires.
_RAW_DEFLATE = -zlib.MAX_WBITS
_FORMATS = {"gzip": [_GZIP_OR_ZLIB], "x-gzip": [_GZIP_OR_ZLIB], "deflate": [_GZIP_OR_ZLIB, _RAW_DEFLATE]}
_JSON = re.compile(r"(application|text)/([\w.-]+\+)?json")
# Types for any bytes. S3 uses the last one.
_ANY_BYTES = {"", "application/octet-stream", "binary/octet-stream"}
# Types that curl, fetch and axios send if the caller sets none, so they say nothing about the body.
_DEFAULTS = {"", "application/x-www-form-urlencoded", "text/plain"}


async def read_body(request: Request, max_image_bytes: int, timeout_s: float) -> bytes:
    """Return the whole body without its Content-Encoding; a base64 image of `max_image_bytes` fits.

    Raises TooManyBytes, TooSlow after `timeout_s` seconds, Overloaded if the server stops during the upload, and the
    errors of `decompress`.
    """
    max_body_bytes = (max_image_bytes + 2) // 3 * 4 + _OVERHEAD_BYTES
    try:
        async with asyncio.timeout(timeout_s):
            body = await _read_at_most(request, max_body_bytes)
    except TimeoutError as error:
        raise TooSlow(f"The upload took longer than {timeout_s:g} seconds.") from error
    except asyncio.CancelledError as error:
        raise Overloaded("The server is stopping. Try again in a second.") from error
    if body is not None:
        body = decompress(body, request.headers.get("content-encoding", ""), max_body_bytes)
    if body is None:
        raise too_many_bytes(max_image_bytes)
    return body


def too_many_bytes(max_image_bytes: int) -> TooManyBytes:
    """Return the error for an upload whose image has more than `max_image_bytes`."""
    return TooManyBytes(f"The upload is too large. The limit is {max_image_bytes / 1e6:.1f} MB.")


async def _read_at_most(request: Request, max_bytes: int) -> bytes | None:
    """Return the body, or None if it is larger than `max_bytes`."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= max_bytes:
            chunks.append(chunk)
        elif size > _MAX_DROPPED_BYTES:
            break
    return b"".join(chunks) if size <= max_bytes else None


def decompress(body: bytes, content_encoding: str, max_bytes: int) -> bytes | None:
    """Return the body without its compression, or None if that has more than `max_bytes`.

    Raises UnsupportedMediaType if the encoding is not gzip or deflate, and MalformedBody if the body is not valid.
    """
    encodings = [name.strip().lower() for name in content_encoding.split(",")]
    encodings = [name for name in encodings if name not in {"", "identity"}]
    if not encodings:
        return body
    if len(encodings) > 1 or encodings[0] not in _FORMATS:
        raise UnsupportedMediaType(
            f"Content-Encoding {content_encoding[:50]!r} is not supported. Use gzip, deflate, or no encoding."
        )
    for wbits in _FORMATS[encodings[0]]:
        with suppress(zlib.error):
            decompressor = zlib.decompressobj(wbits)
            inflated = decompressor.decompress(body, max_bytes + 1)
            if len(inflated) > max_bytes:
                return None
            if decompressor.eof:
                return inflated
    raise MalformedBody(f"The body is not valid {encodings[0]}, which its Content-Encoding header names.")


def media_type(headers: Headers) -> str:
    """Return the type without its parameters, in lower case; empty if the request has none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def kind_of_body(name: str, body: bytes) -> Literal["form", "json", "image"]:
    """Return which parser a body of the media type `name` needs. Raises UnsupportedMediaType."""
    if name == "multipart/form-data":
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
