"""The structure of a JPEG: its scans, its end, its metadata (ITU-T T.81, annex B)."""

import re
import struct
from dataclasses import dataclass

_SOS, _EOI = 0xDA, 0xD9
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
# Markers without a length: TEM, RST0 to RST7, SOI.
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
# Entropy-coded data ends at the first marker that is neither a stuffed zero, a restart marker nor a fill byte.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Application segments and comments, but not JFIF (APP0) and Adobe (APP14), which define colours.
_METADATA = {*range(0xE1, 0xEE), 0xEF, 0xFE}
_PADDING_BYTES = 64


@dataclass(frozen=True)
class JpegLayout:
    """The first image of a JPEG file; bytes behind it, such as the video of a motion photo, do not count.

    `metadata` are the start and end of each segment that does not affect pixels.
    """

    scans: int
    is_progressive: bool
    has_end: bool
    metadata: tuple[tuple[int, int], ...]


def layout_of(data: bytes) -> JpegLayout:
    """Return the layout of the JPEG in `data`, as far as it can be read."""
    at, scans, is_progressive = 2, 0, False
    metadata: list[tuple[int, int]] = []
    while at + 4 <= len(data) or data[at : at + 2] == bytes((0xFF, _EOI)):
        if data[at] != 0xFF:  # bytes between segments, which decoders skip
            at += 1
            continue
        marker = data[at + 1]
        if marker == _EOI:
            return JpegLayout(scans, is_progressive, True, tuple(metadata))
        if marker in _STANDALONE or marker in (0, 0xFF):
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        is_progressive = is_progressive or marker in _PROGRESSIVE
        if marker in _METADATA:
            metadata.append((at, end))
        if marker == _SOS:
            scans += 1
            match = _END_OF_SCAN.search(data, end)
            end = match.start() if match else len(data)
        at = end
    return JpegLayout(scans, is_progressive, False, tuple(metadata))


def without_metadata(data: bytes) -> bytes:
    """Return the JPEG without segments that do not affect pixels; EXIF, and so the orientation, is lost too."""
    kept, start = [], 0
    for segment_start, segment_end in layout_of(data).metadata:
        kept.append(data[start:segment_start])
        start = segment_end
    return b"".join((*kept, data[start:]))


def with_end(data: bytes) -> tuple[bytes, bytes]:
    """Return two versions of a JPEG without its end marker, each with other bytes before the marker.

    They decode to the same pixels only if no pixels are missing: a decoder skips bytes after the last pixel.
    """
    zeros, others = (bytes([fill]) * _PADDING_BYTES + bytes((0xFF, _EOI)) for fill in (0x00, 0xAA))
    data = data.removesuffix(b"\xff")
    return data + zeros, data + others
