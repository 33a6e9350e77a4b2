"""`is_image` knows the first bytes of every supported format."""

import io

import pillow_heif
import pytest
from PIL import Image

from function.images.signature import is_image

pillow_heif.register_heif_opener()
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF")


@pytest.mark.parametrize("image_format", FORMATS)
def test_supported_formats_are_images(image_format: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, image_format)
    assert is_image(file.getvalue())


@pytest.mark.parametrize("data", [b"", b"GIF", b"%PDF-1.7", b"<svg/>", b'{"inputs": ""}', b"inputs=abc", b"\0" * 20])
def test_other_bytes_are_no_image(data: bytes) -> None:
    assert not is_image(data)


def test_video_in_the_same_container_is_no_image() -> None:
    assert not is_image(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2")
