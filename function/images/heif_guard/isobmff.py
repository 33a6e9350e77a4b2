"""Parses the boxes of an AVIF or HEIC file: its coded images, where their bytes are, and how often each is decoded.

ISO/IEC 14496-12 defines the boxes, ISO/IEC 23008-12 the items in them. This module reads only what `coded_size.py`
needs, in bounded time. Broken boxes raise UndecodableImage.
"""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

from function.errors import UndecodableImage

# libheif's own limit. An image of 50 megapixels in tiles of 512 x 512 has 200, and its gain map as many again.
MAX_ITEMS = 1000
# Limit for all derived images together, because a grid may use the same tile many times.
MAX_REFERENCES = 10_000
# Usual files have one or two levels, such as a grid of tiles.
_MAX_NESTING = 8
# Item types that can be shown: coded in AV1 or HEVC, or derived (23008-12, 6.6; 23008-12:2022/Amd 1 for tone maps).
AV1, HEVC, GRID, OVERLAY = {b"av01"}, {b"hvc1", b"hev1"}, b"grid", b"iovl"
_SHOWN = AV1 | HEVC | {GRID, OVERLAY, b"iden", b"tmap"}


@dataclass
class Items:
    """The items of a file by number: types, bytes, parts and declared sizes.

    `made_of` has the numbers of the parts of derived images. `pixels` is the declared width x height.
    """

    types: dict[int, bytes] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    made_of: dict[int, list[int]] = field(default_factory=dict)
    pixels: dict[int, int] = field(default_factory=dict)

    def decodes(self) -> dict[int, int]:
        """Return how often each item is decoded: once, or once for each use in another item.

        Raises UndecodableImage if items are nested too deep, or are made of themselves.
        """
        used_by: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for item, parts in self.made_of.items():
            for part in parts:
                used_by[part][item] += 1

        @cache
        def count(item: int, depth: int = 0) -> int:
            if depth > _MAX_NESTING:
                raise UndecodableImage("The image has too many levels of derived images.")
            return sum(times * count(user, depth + 1) for user, times in used_by[item].items()) or 1

        return {item: count(item) for item in self.types}


def read_items(file: bytes) -> Items:
    """Return the items of an AVIF or HEIC file; raises UndecodableImage if they cannot be read."""
    items = Items()
    try:
        boxes = _unique_boxes(file, 0, len(file), {b"meta", b"mini"})
        if b"mini" in boxes:  # a short form of `meta` (23008-12:2022/Amd 2), which is not parsed
            raise UndecodableImage("AVIF and HEIC files with a minimized box are not supported.")
        if b"meta" not in boxes:
            raise UndecodableImage("The image is broken or cut short: its index is missing.")
        start, end = boxes[b"meta"]
        _read_meta(file, start + 4, end, items)
    except (struct.error, IndexError) as error:
        raise UndecodableImage("The image is broken or cut short: its boxes cannot be read.") from error
    return items


def _unique_boxes(file: bytes, start: int, end: int, kinds: set[bytes]) -> dict[bytes, tuple[int, int]]:
    """Return start and end of the content of each box of these kinds. Raises UndecodableImage if a kind is repeated."""
    places: dict[bytes, tuple[int, int]] = {}
    for kind, content, stop in _boxes(file, start, end):
        if kind in kinds:
            if kind in places:
                raise UndecodableImage(f"The image has two {kind.decode()!r} boxes.")
            places[kind] = content, stop
    return places


def _boxes(file: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of the content of each box between `start` and `end` (14496-12, 4.2).

    A box that is longer than the rest of the file ends with the file. Some phones append bytes that are not a box, so
    the iteration ends there without an error.
    """
    while end - start >= 8:
        size, kind = struct.unpack_from(">I4s", file, start)
        content = start + 8
        if size == 1:
            size, content = struct.unpack_from(">Q", file, content)[0], content + 8
        stop = min(start + size, end) if size else end
        if stop < content:
            return
        yield kind, content, stop
        start = stop


def _read_meta(file: bytes, start: int, end: int, items: Items) -> None:
    """Read the children of a meta box (14496-12, 8.11)."""
    boxes = _unique_boxes(file, start, end, {b"iinf", b"iref", b"iprp", b"iloc", b"idat", b"pitm"})
    for kind, read in ((b"iinf", _read_types), (b"iref", _read_references), (b"iprp", _read_properties)):
        if kind in boxes:
            read(file, *boxes[kind], items)
    if b"iloc" in boxes:
        _read_data(file, boxes[b"iloc"][0], boxes.get(b"idat", (0, 0)), items)
    if b"pitm" in boxes:
        at = boxes[b"pitm"][0]
        (primary,) = struct.unpack_from(">I" if file[at] else ">H", file, at + 4)
        if items.types.get(primary) not in _SHOWN:
            raise UndecodableImage("The codec of the image is not supported.")


def _read_types(file: bytes, start: int, end: int, items: Items) -> None:
    """Read the item information box (14496-12, 8.11.6)."""
    for kind, content, _ in _boxes(file, start + (8 if file[start] else 6), end):
        version = file[content]
        if kind != b"infe" or version < 2:  # before version 2 an item has no type
            continue
        number, _, item_type = struct.unpack_from(">HH4s" if version == 2 else ">IH4s", file, content + 4)
        if number in items.types:  # decoders differ in which one they use
            raise UndecodableImage("The image has two items with the same number.")
        items.types[number] = item_type
        if len(items.types) > MAX_ITEMS:
            raise UndecodableImage(f"The image has more than {MAX_ITEMS:,} items.")


def _read_references(file: bytes, start: int, end: int, items: Items) -> None:
    """Read the item reference box (14496-12, 8.11.12): the parts of derived images."""
    wide, total = file[start], 0
    for kind, content, _ in _boxes(file, start + 4, end):
        if kind != b"dimg":
            continue
        number, count = struct.unpack_from(">IH" if wide else ">HH", file, content)
        total += count
        if total > MAX_REFERENCES:
            raise UndecodableImage(f"The image has more than {MAX_REFERENCES:,} parts.")
        parts = struct.unpack_from(f">{count}{'I' if wide else 'H'}", file, content + (6 if wide else 4))
        items.made_of.setdefault(number, []).extend(parts)


def _read_properties(file: bytes, start: int, end: int, items: Items) -> None:
    """Read the item properties (23008-12, 9.3) for the spatial extents (6.5.3)."""
    pixels: list[int] = []  # of each property; 0 if it is not a size
    for kind, content, stop in _boxes(file, start, end):
        if kind == b"ipco":
            for name, at, _ in _boxes(file, content, stop):
                width, height = struct.unpack_from(">II", file, at + 4) if name == b"ispe" else (0, 0)
                pixels.append(width * height)
    for kind, content, _ in _boxes(file, start, end):
        if kind == b"ipma":
            _read_associations(file, content, pixels, items)


def _read_associations(file: bytes, at: int, pixels: list[int], items: Items) -> None:
    """Read the properties of each item (23008-12, 9.3.2)."""
    item_size, index_size = 4 if file[at] else 2, 2 if file[at + 3] & 1 else 1
    reader = BytesIO(file)
    reader.seek(at + 4)
    for _ in range(_number(reader, 4)):
        item = _number(reader, item_size)
        for _ in range(_number(reader, 1)):
            index = _number(reader, index_size) & (1 << 8 * index_size - 1) - 1  # without the highest bit, `essential`
            if 0 < index <= len(pixels):
                items.pixels[item] = max(items.pixels.get(item, 0), pixels[index - 1])


def _read_data(file: bytes, start: int, idat: tuple[int, int], items: Items) -> None:
    """Read the item location box (14496-12, 8.11.3), and the bytes of the items that can be shown."""
    version, (sizes,) = file[start], struct.unpack_from(">H", file, start + 4)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version > 1 else 2
    reader = BytesIO(file)
    reader.seek(start + 6)
    total = 0
    for _ in range(_number(reader, wide)):
        item = _number(reader, wide)
        method = _number(reader, 2 if version else 0)
        _number(reader, 2)  # data_reference_index
        base = _number(reader, base_size)
        begin, end = idat if method & 15 == 1 else (0, len(file))
        pieces = []
        for _ in range(_number(reader, 2)):
            _number(reader, index_size if version else 0)
            offset, length = _number(reader, offset_size), _number(reader, length_size)
            first = min(begin + base + offset, end)
            pieces.append((first, min(first + length, end) if length else end))
        if items.types.get(item) not in _SHOWN:
            continue
        total += sum(last - first for first, last in pieces)
        if method & 15 > 1 or item in items.data or total > 2 * len(file):
            raise UndecodableImage("The storage of the image's items is not supported.")
        items.data[item] = b"".join(file[first:last] for first, last in pieces)


def _number(reader: BytesIO, size: int) -> int:
    """Return the number in the next `size` bytes."""
    number = reader.read(size)
    if len(number) < size:
        raise IndexError(size)
    return int.from_bytes(number, "big")
