"""Damages bytes in random places, as faulty storage, interrupted uploads and attackers do."""

import random
import struct
import zlib

from tools.make_events import PNG_SIGNATURE

# Limits of integer types, which parsers often do not expect in sizes and offsets.
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# Boxes that describe the content of an AVIF or HEIC. Damage near them reaches more code than damage anywhere.
_BOXES = (
    b"meta",
    b"iloc",
    b"iinf",
    b"infe",
    b"iref",
    b"dimg",
    b"pitm",
    b"ipco",
    b"ispe",
    b"ipma",
    b"hvcC",
    b"av1C",
    b"grid",
)
# Most headers are in the first bytes, so damage there reaches most code.
_HEAD_BYTES = 256


def mutate(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Return `data` damaged in one to six places, sometimes with a part of one of `others`."""
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        _damage(rng, damaged, others)
    # Decoders reject a PNG with a wrong checksum before they parse the chunk, so most checksums are corrected.
    return with_checksums(bytes(damaged)) if rng.random() < 0.8 else bytes(damaged)


def with_checksums(data: bytes) -> bytes:
    """Return a PNG with correct checksums. Other formats, and a chunk that is cut short, do not change."""
    if not data.startswith(PNG_SIGNATURE):
        return data
    fixed, position = bytearray(data), len(PNG_SIGNATURE)
    while position + 12 <= len(fixed):
        end = position + 8 + struct.unpack_from(">I", fixed, position)[0]
        if end + 4 > len(fixed):
            break
        struct.pack_into(">I", fixed, end, zlib.crc32(fixed[position + 4 : end]))
        position = end + 4
    return bytes(fixed)


def _place(rng: random.Random, data: bytearray) -> int:
    """Return where to damage `data`: near its start, near a box, or anywhere."""
    box = data.find(rng.choice(_BOXES)) if data[4:8] == b"ftyp" and rng.random() < 0.5 else -1
    if box >= 0:
        return max(0, min(box + rng.randint(-4, 24), len(data) - 1))
    limit = min(len(data), _HEAD_BYTES) if rng.random() < 0.6 else len(data)
    return rng.randrange(limit) if limit else 0


def _damage(rng: random.Random, data: bytearray, others: list[bytes]) -> None:
    """Damage `data` in one place."""
    at = _place(rng, data)
    length = rng.choice((1, 2, 4, 8, 32, rng.randint(1, max(len(data) // 2, 1))))
    match rng.randrange(8):
        case 0 if data:
            data[at] ^= 1 << rng.randrange(8)
        case 1 if data:
            data[at] = rng.randrange(256)
        case 2 | 3:
            size, order = rng.choice((("H", 2), ("I", 4))), rng.choice("<>")
            data[at : at + size[1]] = struct.pack(order + size[0], rng.choice(_INTERESTING) % 256 ** size[1])
        case 4:
            del data[at : at + length]
        case 5:
            data[at:at] = data[at : at + length] * rng.randint(1, 4)
        case 6:
            other = rng.choice(others)
            start = rng.randrange(max(len(other), 1))
            data[at : at + length] = other[start : start + length]
        case _:
            del data[max(at, 1) :]
