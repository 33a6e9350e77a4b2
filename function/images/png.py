"""The structure of a PNG (PNG specification, third edition, section 5)."""

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Ancillary chunks that affect pixels: transparency, orientation, and the frames of an animation.
_NEEDED = {b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"}
_IS_ANCILLARY = 0x20  # the fifth bit of the first letter, section 5.4
_CHECKED = b"eXIf"


def without_metadata(data: bytes) -> bytes:
    """Return the PNG without chunks that do not affect pixels, so that their size or damage cannot refuse it.

    Bytes after the last chunk are dropped too. A file that cannot be read to its end keeps its rest.
    """
    if not data.startswith(_SIGNATURE):
        return data
    kept, start, at = [], 0, len(_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if _is_dropped(data, at, end, kind):
            kept.append(data[start:at])
            start = end
        at = end
        if kind == b"IEND":
            return b"".join((*kept, data[start:end]))
    return b"".join((*kept, data[start:])) if kept else data


def _is_dropped(data: bytes, start: int, end: int, kind: bytes) -> bool:
    if not kind[0] & _IS_ANCILLARY:
        return False
    if kind == _CHECKED:
        return zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big")
    return kind not in _NEEDED
