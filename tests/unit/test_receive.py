"""Compressed bodies are inflated within a limit."""

import gzip
import zlib

import pytest

from function.api.receive import decompress
from function.errors import MalformedBody, UnsupportedMediaType

BODY = b"a photo of a cat" * 100


@pytest.mark.parametrize(
    ("encoding", "compressed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY)[2:-4]),
        ("", BODY),
        (" Identity ,", BODY),
    ],
)
def test_limit_is_exact(encoding: str, compressed: bytes) -> None:
    assert decompress(compressed, encoding, len(BODY)) == BODY
    if "dentity" not in encoding and encoding:
        assert decompress(compressed, encoding, len(BODY) - 1) is None


def test_unknown_encoding_is_named() -> None:
    with pytest.raises(UnsupportedMediaType, match="'br' is not supported"):
        decompress(BODY, "br", 10_000)


@pytest.mark.parametrize("body", [b"", BODY, gzip.compress(BODY)[:-1], gzip.compress(BODY)[:-8] + bytes(8)])
def test_broken_gzip_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody, match="not valid gzip"):
        decompress(body, "gzip", 10_000)
