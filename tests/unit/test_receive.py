"""Compressed bodies are inflated within a limit."""

import gzip
import zlib

import pytest

from function.api.receive import decompress

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
    ids=["gzip", "deflate with zlib's header", "deflate without a header", "none", "identity"],
)
def test_limit_is_exact(encoding: str, compressed: bytes) -> None:
    assert decompress(compressed, encoding, len(BODY)) == BODY
    if "dentity" not in encoding and encoding:
        assert decompress(compressed, encoding, len(BODY) - 1) is None
