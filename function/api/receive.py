"""The bytes of a request's body, decompressed, within limits of size and time."""

import asyncio

from fastapi import Request

from function.api.content_encoding import decompress
from function.errors import Overloaded, TooManyBytes, TooSlow

# A body may also hold options, part headers and JSON syntax.
_OVERHEAD_BYTES = 256 * 1024
# A client that is still sending does not read the answer, so the rest of a body that is too large is read and dropped.
_MAX_DROPPED_BYTES = 100 * 1024 * 1024


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
