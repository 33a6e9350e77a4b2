"""Compressed request bodies: the `Content-Encoding` header."""

import zlib

from function.errors import MalformedBody, UnsupportedMediaType

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
# Some clients send deflate without the zlib header that RFC 9110 requires.
_RAW_DEFLATE = -zlib.MAX_WBITS
_FORMATS = {"gzip": [_GZIP_OR_ZLIB], "x-gzip": [_GZIP_OR_ZLIB], "deflate": [_GZIP_OR_ZLIB, _RAW_DEFLATE]}


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
        try:
            return _inflate(body, wbits, max_bytes)
        except (zlib.error, EOFError):
            continue
    raise MalformedBody(f"The body is not valid {encodings[0]}, which its Content-Encoding header names.")


def _inflate(body: bytes, wbits: int, max_bytes: int) -> bytes | None:
    decompressor = zlib.decompressobj(wbits)
    inflated = decompressor.decompress(body, max_bytes + 1)
    if len(inflated) > max_bytes:
        return None
    if not decompressor.eof:
        raise EOFError
    return inflated
