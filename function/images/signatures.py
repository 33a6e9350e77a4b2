"""The format of a file, by its first bytes."""

import re

# Formats that Pillow decodes here, by the start of their files.
_SUPPORTED = (
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("PNG", re.compile(rb"\x89PNG")),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("BMP", re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)),
    ("WebP", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ("TIFF", re.compile(rb"II\x2a\0|MM\0\x2a|II\x2b\0|MM\0\x2b")),
    ("AVIF", re.compile(rb".{4}ftypavi[fs]", re.DOTALL)),
    ("HEIC", re.compile(rb".{4}ftyp(?:he[iv][cxms]|mif1|msf1)", re.DOTALL)),
)
_UNSUPPORTED = (
    ("PDF", re.compile(rb"%PDF-")),
    ("SVG", re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s/>]", re.DOTALL)),
    ("Photoshop (PSD)", re.compile(rb"8BPS")),
    ("JPEG XL", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n")),
    ("JPEG 2000", re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51")),
    ("Canon RAW", re.compile(rb".{4}ftypcrx |II\x2a\0.{4}CR", re.DOTALL)),
    ("Panasonic RAW", re.compile(rb"IIU\0")),
    ("Fujifilm RAW", re.compile(rb"FUJIFILMCCD-RAW")),
    ("Windows icon (ICO)", re.compile(rb"\0\0\x01\0.\0", re.DOTALL)),
    ("MP4 or QuickTime video", re.compile(rb".{4}ftyp|.{4}(?:moov|mdat|wide)", re.DOTALL)),
    ("WebM or Matroska video", re.compile(rb"\x1aE\xdf\xa3")),
    ("ZIP", re.compile(rb"PK\x03\x04")),
    ("gzip", re.compile(rb"\x1f\x8b")),
    ("HTML", re.compile(rb"\s*(?:<!doctype html|<html)", re.IGNORECASE)),
)
_START_BYTES = 2000


def supported_format(data: bytes) -> str | None:
    """Return the name of the format if a file of this format can be decoded, else None."""
    return _first_match(_SUPPORTED, data)


def unsupported_format(data: bytes) -> str | None:
    """Return the name of a known format that is not decoded here, None if the format is unknown."""
    return _first_match(_UNSUPPORTED, data)


def _first_match(patterns: tuple[tuple[str, re.Pattern[bytes]], ...], data: bytes) -> str | None:
    start = data[:_START_BYTES]
    return next((name for name, pattern in patterns if pattern.match(start)), None)
