"""The first bytes of the supported image formats."""

import re

# JPEG, PNG, GIF, BMP, WebP, TIFF and BigTIFF, and the ISO base media files of AVIF and HEIC.
_SIGNATURES = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|BM|RIFF....WEBP|II[*+]\0|MM\0[*+]|....ftyp(?:avi|mif1|msf1|hei|hev)",
    re.DOTALL,
)


def is_image(data: bytes) -> bool:
    """Return whether `data` starts like an image file in a supported format."""
    return _SIGNATURES.match(data) is not None
