"""What an AVIF or HEIC asks of its decoder, found in its bitstreams before anything is decoded.

The container says how large the picture is, and decoders compare that with what they have decoded: an AVIF that says
64 x 64 may hold 16,384 x 16,384, or a hundred thousand frames of which none is shown; a grid may name one tile a
thousand times, an overlay have any canvas. Of HEVC alone libheif lets no picture be larger than it says.
Sections are those of the AV1 Bitstream & Decoding Process Specification.
"""

import struct

from function.errors import TooManyPixels, UndecodableImage
from function.images.heif_guard.isobmff import AV1, GRID, HEVC, OVERLAY, Items, read_items

# Of all that is decoded, in pictures of the size accepted: the picture, its transparency, a gain map, thumbnails.
MAX_PICTURES = 3
# Of all that is decoded, in files: detail costs time by the byte. Real files use a tile once, most of them; a small one
# may use it more often.
MAX_FILES, _SMALL_FILE = 2, 1_000_000
# A still has a handful of units, a slice or tile group being one.
MAX_UNITS = 10_000
_AV1_SEQUENCE_HEADER, _AV1_FRAME_HEADER, _AV1_FRAME = 1, 3, 6
# Headers stand in the first bytes of what holds them.
_MAX_HEADER = 1000


def check_coded_size(file: bytes, max_pixels: int) -> None:
    """Raise TooManyPixels if decoding the pictures in an AVIF or HEIC means more pixels than are accepted.

    Raises UndecodableImage if its boxes or bitstreams do not read.
    """
    items = read_items(file)
    work, decodes = _Work(items), items.decodes()
    if sum(len(data) * decodes[item] for item, data in items.data.items()) > MAX_FILES * max(len(file), _SMALL_FILE):
        raise UndecodableImage("The image has parts that are decoded again and again.")
    try:
        pixels = [work.pixels(item) * times for item, times in decodes.items()]
    except (struct.error, IndexError) as error:
        raise UndecodableImage("The image is broken or cut short: its bitstream does not read.") from error
    if work.largest > max_pixels or sum(pixels) > MAX_PICTURES * max_pixels:
        raise TooManyPixels(f"The image decodes to more pixels than it says; at most {max_pixels:,} are accepted.")


class _Work:
    """What each item costs, in pixels; `largest` is the largest picture met."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._units = 0
        self.largest = 0

    def pixels(self, item: int) -> int:
        """Return the pixels decoded for an item once: frames times size if it is coded, none if made of others."""
        kind, data = self._items.types[item], self._items.data.get(item, b"")
        if kind in AV1:
            return self._av1(data)
        if kind in HEVC:
            return self._seen(self._items.pixels.get(item, 0), 1)
        if kind in {GRID, OVERLAY} and data:  # 23008-12, 6.6.2.3.2 and 6.6.2.2.2
            self._seen(*struct.unpack_from(">II" if data[1] & 1 else ">HH", data, 4 if kind == GRID else 10))
        return 0

    def _seen(self, width: int, height: int) -> int:
        """Return the size of a picture in pixels, and remember the largest."""
        self.largest = max(self.largest, width * height)
        return width * height

    def _unit(self) -> None:
        self._units += 1
        if self._units > MAX_UNITS:
            raise UndecodableImage("The image is made of too many pieces.")

    def _av1(self, data: bytes) -> int:
        """Return the pixels of all frames in open bitstream units (5.3); each item has its own header."""
        at = frames = size = 0
        while at < len(data):
            self._unit()
            header = data[at]
            at += 2 if header & 4 else 1
            length, at = _leb128(data, at) if header & 2 else (len(data) - at, at)
            kind = header >> 3 & 15
            if kind == _AV1_SEQUENCE_HEADER:
                size = max(size, self._seen(*_av1_size(_Bits(data[at : at + length]))))
            frames += kind in {_AV1_FRAME_HEADER, _AV1_FRAME}
            at += length
        if frames and not size:
            raise UndecodableImage("The AVIF has a picture that does not say how large it is.")
        return frames * size


class _Bits:
    """Reads numbers bit by bit, highest first; raises IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data[:_MAX_HEADER], "big"), 8 * len(data[:_MAX_HEADER])

    def read(self, bits: int) -> int:
        """Return the number in the next `bits` bits."""
        if bits > self._left:
            raise IndexError(bits)
        self._left -= bits
        return self._number >> self._left & (1 << bits) - 1

    def exp_golomb(self) -> int:
        """Return the next number of variable length, uvlc() of 4.10.3."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and where it ends (4.10.5)."""
    value = 0
    for i in range(8):
        value |= (data[at + i] & 127) << 7 * i
        if not data[at + i] & 128:
            return value, at + i + 1
    raise IndexError(at)


def _av1_size(bits: _Bits) -> tuple[int, int]:
    """Return the largest width and height of a frame (5.5.1, sequence_header_obu)."""
    bits.read(4)  # seq_profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        _skip_av1_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def _skip_av1_operating_points(bits: _Bits) -> None:
    """Read over what stands before the size: timing, decoder model, operating points."""
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
        if bits.read(5) > 7:  # seq_level_idx: from 8 on there is a tier
            bits.read(1)
        if delay_bits and bits.read(1):  # decoder_model_present_for_this_op
            bits.read(2 * delay_bits + 1)
        if display_delay and bits.read(1):
            bits.read(4)
