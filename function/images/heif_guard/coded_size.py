"""Counts the pixels that an AVIF or HEIC file decodes to, without decoding it.

Decoders compare the declared size with the size of the decoded image, which is too late. An AVIF that declares 64 x 64
may contain 16,384 x 16,384 pixels, or a hundred thousand frames that are not shown. A grid may use one tile a thousand
times, and an overlay may have a canvas of any size. libheif checks the size before decoding for HEVC only.
Section numbers refer to the AV1 Bitstream & Decoding Process Specification.
"""

import struct
from collections.abc import Iterator

from function.errors import TooManyPixels, UndecodableImage
from function.images.heif_guard.isobmff import AV1, GRID, HEVC, OVERLAY, Items, read_items

# Limit of all decoded pixels, as a multiple of the accepted pixels: image, transparency, gain map, thumbnails.
MAX_PICTURES = 3
# Limit of all decoded bytes, as a multiple of the file size, because decoding time grows with the coded bytes. Normal
# files use each tile about once. A file below `_SMALL_FILE` bytes may use its tiles more often.
MAX_FILES, _SMALL_FILE = 2, 1_000_000
# Limit of bitstream units. A still image has a handful: a slice or a tile group is one unit.
MAX_UNITS = 10_000
_AV1_SEQUENCE_HEADER, _AV1_FRAME_HEADER, _AV1_FRAME = 1, 3, 6
# Headers are in the first bytes of their unit.
_MAX_HEADER = 1000


def check_coded_size(file: bytes, max_pixels: int) -> None:
    """Raise TooManyPixels if decoding an AVIF or HEIC file takes more pixels than are accepted.

    Raises UndecodableImage if its boxes or bitstreams cannot be read.
    """
    items = read_items(file)
    decodes = items.decodes()
    if sum(len(data) * decodes[item] for item, data in items.data.items()) > MAX_FILES * max(len(file), _SMALL_FILE):
        raise UndecodableImage("The image uses the same parts too often.")
    try:
        sizes = _sizes(items)
    except (struct.error, IndexError) as error:
        raise UndecodableImage("The image is broken or cut short: its bitstream cannot be read.") from error
    largest = max((size for size, _ in sizes.values()), default=0)
    total = sum(size * frames * decodes[item] for item, (size, frames) in sizes.items())
    if largest > max_pixels or total > MAX_PICTURES * max_pixels:
        raise TooManyPixels(f"The image has more pixels than its header says; the limit is {max_pixels:,}.")


def _sizes(items: Items) -> dict[int, tuple[int, int]]:
    """Return the pixels of each item's largest frame, and its number of frames: none if it is made of other items."""
    sizes: dict[int, tuple[int, int]] = {}
    units = 0
    for item, kind in items.types.items():
        data = items.data.get(item, b"")
        size = frames = 0
        if kind in AV1:
            for unit, content in _av1_units(data):
                units += 1
                if units > MAX_UNITS:
                    raise UndecodableImage("The image has too many parts.")
                if unit == _AV1_SEQUENCE_HEADER:
                    size = max(size, _av1_size(_Bits(content)))
                frames += unit in {_AV1_FRAME_HEADER, _AV1_FRAME}
            if frames and not size:
                raise UndecodableImage("The AVIF is broken: an image has no size.")
        elif kind in HEVC:
            size, frames = items.pixels.get(item, 0), 1
        elif kind in {GRID, OVERLAY} and data:  # 23008-12, 6.6.2.3.2 and 6.6.2.2.2
            width, height = struct.unpack_from(">II" if data[1] & 1 else ">HH", data, 4 if kind == GRID else 10)
            size = width * height
        sizes[item] = size, frames
    return sizes


def _av1_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the content of each open bitstream unit (5.3)."""
    at = 0
    while at < len(data):
        header = data[at]
        at += 2 if header & 4 else 1
        length, at = _leb128(data, at) if header & 2 else (len(data) - at, at)
        yield header >> 3 & 15, data[at : at + length]
        at += length


class _Bits:
    """Reads numbers bit by bit, highest bit first. Raises IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data[:_MAX_HEADER], "big"), 8 * len(data[:_MAX_HEADER])

    def read(self, bits: int) -> int:
        """Return the number in the next `bits` bits."""
        if bits > self._left:
            raise IndexError(bits)
        self._left -= bits
        return self._number >> self._left & (1 << bits) - 1

    def exp_golomb(self) -> int:
        """Return the next number of variable length (uvlc, 4.10.3)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and the position after it (4.10.5)."""
    value = 0
    for i in range(8):
        value |= (data[at + i] & 127) << 7 * i
        if not data[at + i] & 128:
            return value, at + i + 1
    raise IndexError(at)


def _av1_size(bits: _Bits) -> int:
    """Return the pixels of the largest frame (5.5.1, sequence_header_obu)."""
    bits.read(4)  # seq_profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        _skip_av1_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return (bits.read(width_bits) + 1) * (bits.read(height_bits) + 1)


def _skip_av1_operating_points(bits: _Bits) -> None:
    """Skip the fields before the size: timing, decoder model, operating points."""
    delay_bits = 0
    if bits.read(1):  # timing_info_present_flag
        bits.read(64)
        if bits.read(1):  # equal_picture_interval
            bits.exp_golomb()
        if bits.read(1):  # decoder_model_info_present_flag
            delay_bits = bits.read(5) + 1
            bits.read(32 + 5 + 5)
    display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:  # seq_level_idx: levels from 8 on have a tier
            bits.read(1)
        if delay_bits and bits.read(1):  # decoder_model_present_for_this_op
            bits.read(2 * delay_bits + 1)
        if display_delay and bits.read(1):
            bits.read(4)
