"""Builds AVIF and HEIC files box by box, to test files that encoders do not write.

ISO/IEC 14496-12 and 23008-12 define the boxes. The encoders of Pillow and pillow_heif make the coded pictures.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from function.images.heif_guard.isobmff import read_items


@dataclass(frozen=True)
class Part:
    """One item: type, bytes, properties (whole boxes), and the numbers of its parts. Items are numbered from 1."""

    kind: bytes
    data: bytes = b""
    properties: tuple[bytes, ...] = ()
    made_of: tuple[int, ...] = ()

    @classmethod
    def first_of(cls, file: bytes) -> Self:
        """Return the first coded item of an AVIF or HEIC file, with the properties that decoders need."""
        items = read_items(file)
        number, kind = next(iter(items.types.items()))
        properties = (b"ispe", b"pixi", b"hvcC" if kind == b"hvc1" else b"av1C")
        return cls(kind, items.data[number], tuple(_property(file, name) for name in properties))


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def full_box(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags) + content)


def extent(width: int, height: int) -> bytes:
    """Return the property with the declared size of a picture."""
    return full_box(b"ispe", struct.pack(">II", width, height))


def grid(rows: int, columns: int, width: int, height: int, parts: Sequence[int]) -> Part:
    """Return a grid of `width` x `height`. `parts` are the tiles, row by row (23008-12, 6.6.2.3)."""
    data = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    return Part(b"grid", data, (extent(width, height),), tuple(parts))


def heif(brand: bytes, *parts: Part, primary: int = 1) -> bytes:
    """Return a file with these items, numbered from 1. `brand` is b"avif", b"heic" or similar."""
    start = box(b"ftyp", brand + bytes(4) + brand + b"mif1miaf")
    lengths = [len(part.data) for part in parts]
    # The length of the meta box does not depend on the offsets, so it is built with zeros first to compute them.
    before = len(start) + len(_meta(parts, primary, [0] * len(parts))) + 8
    offsets = [before + sum(lengths[:i]) for i in range(len(parts))]
    return start + _meta(parts, primary, offsets) + box(b"mdat", b"".join(part.data for part in parts))


def _meta(parts: Sequence[Part], primary: int, offsets: Sequence[int]) -> bytes:
    """Return the meta box."""
    numbered = list(enumerate(parts, 1))
    types = b"".join(full_box(b"infe", struct.pack(">HH4sx", i, 0, part.kind), version=2) for i, part in numbered)
    places = b"".join(
        struct.pack(">HHHII", i, 0, 1, offset, len(part.data))
        for (i, part), offset in zip(numbered, offsets, strict=True)
    )
    references = b"".join(
        box(b"dimg", struct.pack(f">HH{len(part.made_of)}H", i, len(part.made_of), *part.made_of))
        for i, part in numbered
        if part.made_of
    )
    properties = [each for part in parts for each in part.properties]
    links, first = b"", 1
    for i, part in numbered:
        indices = range(first, first + len(part.properties))
        links += struct.pack(">HB", i, len(indices)) + b"".join(struct.pack(">H", 0x8000 | each) for each in indices)
        first += len(part.properties)
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + full_box(b"pitm", struct.pack(">H", primary))
        + full_box(b"iinf", struct.pack(">H", len(parts)) + types)
        + (full_box(b"iref", references) if references else b"")
        + box(
            b"iprp",
            box(b"ipco", b"".join(properties)) + full_box(b"ipma", struct.pack(">I", len(parts)) + links, flags=1),
        )
        + full_box(b"iloc", struct.pack(">HH", 0x4400, len(parts)) + places),
    )


def _property(file: bytes, name: bytes) -> bytes:
    """Return the first box with this name."""
    at = file.index(name) - 4
    return file[at : at + struct.unpack_from(">I", file, at)[0]]


def av1_of_size(data: bytes, width: int, height: int) -> bytes:
    """Return an AV1 still image with another size in its sequence header. The header must be reduced (AV1, 5.5.1)."""
    start = data.index(b"\x0a") + 2  # content of the sequence header; its length has one byte
    bits = _bits(data[start : start + data[start - 1]])
    old = 18 + int(bits[10:14], 2) + 1 + int(bits[14:18], 2) + 1
    header = _bytes(f"{bits[:10]}11111111{width - 1:016b}{height - 1:016b}{bits[old:]}")
    return data[: start - 1] + bytes([len(header)]) + header + data[start + data[start - 1] :]


def _bits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def _bytes(bits: str) -> bytes:
    """Return bits as bytes: up to the last 1, which is the trailing bit, and padded with zeros."""
    bits = bits.rstrip("0")
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
