"""The structure of a JPEG: its scans, its end, its metadata (ITU-T T.81, annex B)."""

import re
import struct
from dataclasses import dataclass

_SOS, _EOI = 0xDA, 0xD9
# Markers without a length: TEM, RST0 to RST7, SOI.
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
# A marker, but not a stuffed zero or a restart marker, which are part of entropy-coded data.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_APP1 = 0xE1  # EXIF and XMP
# Application segments and comments, but not JFIF (APP0) and Adobe (APP14), which define colours.
_METADATA = {*range(0xE1, 0xEE), 0xEF, 0xFE}
_PADDING_BYTES = 64
# Usual files have a few dozen segments.
_MAX_SEGMENTS = 10_000


@dataclass(frozen=True)
class JpegLayout:
    """The first image of a JPEG file; bytes behind it, such as the video of a motion photo, do not count.

    `metadata` are marker, start and end of each segment that does not affect pixels.
    """

    scans: int
    has_end: bool
    metadata: tuple[tuple[int, int, int], ...]


def layout_of(data: bytes) -> JpegLayout:
    """Return the layout of the JPEG in `data`, as far as it can be read."""
    at, scans = 2, 0
    metadata: list[tuple[int, int, int]] = []
    for _ in range(_MAX_SEGMENTS):
        match = _MARKER.search(data, at)  # decoders skip bytes between segments
        if not match:
            break
        marker, at = match[0][-1], match.end()
        if marker == _EOI:
            return JpegLayout(scans, True, tuple(metadata))
        if marker in _STANDALONE or at + 2 > len(data):
            continue
        end = at + struct.unpack_from(">H", data, at)[0]
        if marker in _METADATA:
            metadata.append((marker, match.start(), end))
        if marker == _SOS:
            scans += 1
        at = end  # after a scan, the next marker ends the entropy-coded data
    return JpegLayout(scans, False, tuple(metadata))


def without_metadata(data: bytes, keeps_exif: bool) -> bytes:
    """Return the JPEG without segments that do not affect pixels; without EXIF, the orientation is lost too."""
    kept, start = [], 0
    for marker, segment_start, segment_end in layout_of(data).metadata:
        if keeps_exif and marker == _APP1:
            continue
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
