"""The format of a file is known by its first bytes."""

import io

import pillow_heif
import pytest
from PIL import Image

from function.images.signatures import supported_format

pillow_heif.register_heif_opener()
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF")


@pytest.mark.parametrize("image_format", FORMATS)
def test_each_supported_format_is_recognised(image_format: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, image_format)
    assert supported_format(file.getvalue())


@pytest.mark.parametrize("data", [b"", b"GIF", b"%PDF-1.7", b"<svg/>", b'{"inputs": ""}', b"inputs=abc", b"\0" * 20])
def test_other_bytes_have_no_supported_format(data: bytes) -> None:
    assert not supported_format(data)


def test_video_in_the_same_container_is_not_supported() -> None:
    assert not supported_format(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2")
