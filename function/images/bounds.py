"""What a picture may ask of its decoder beyond bytes and pixels: a small file can still cost minutes or gigabytes.

Each bound was found by a file that did: `tests/hostile/` makes them all. They are checked before pixels are decoded,
or, where a format is read piece by piece in Python, while it is read.
"""

from io import BytesIO

from PIL import Image

from function.errors import TooManyPixels, UndecodableImage

# JPEG's own limit (ITU-T T.81, B.2.2). Pillow keeps a line of pixels apiece: 1 x 50,000,000 would take 2.7 GB.
MAX_SIDE = 65_535
# Each scan of a JPEG goes over all of its blocks. Real ones have ten; a video behind the picture looks like up to 70.
MAX_SCANS = 100
# A PNG has one colour profile; Pillow inflates each that it meets, up to a megabyte.
MAX_PROFILES = 4
# Every segment, chunk, tag or run that Pillow reads is a call. A run-length BMP takes most of them, two for each run.
MAX_READS = 1_000_000
# A TIFF's tiles are decoded whole, however little of them the picture shows: so many times the pixels accepted.
MAX_PADDING = 2
# TIFF 6.0, section 15.
_TILE_WIDTH, _TILE_LENGTH = 322, 323


class BoundedFile(BytesIO):
    """A file in memory that is read in at most `MAX_READS` pieces; the next raises UndecodableImage."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next `size` bytes, or all that are left."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise UndecodableImage("The image is made of too many pieces.")
        return super().read(size)


def check_pieces(data: bytes) -> None:
    """Raise UndecodableImage if a JPEG has too many scans, or a PNG too many colour profiles."""
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MAX_SCANS:
        raise UndecodableImage(f"The JPEG has more than {MAX_SCANS} scans.")
    if data.startswith(b"\x89PNG") and data.count(b"iCCP") > MAX_PROFILES:
        raise UndecodableImage("The PNG has several colour profiles.")


def check_size(image: Image.Image, max_pixels: int) -> None:
    """Raise TooManyPixels if an opened image, not yet decoded, is larger than is accepted, or its tiles are."""
    width, height = image.size
    if width * height > max_pixels:
        raise TooManyPixels(f"The image has {width} x {height} pixels; at most {max_pixels:,} are accepted.")
    if max(width, height) > MAX_SIDE:
        raise TooManyPixels(f"The image has {width} x {height} pixels; at most {MAX_SIDE:,} a side are accepted.")
    tags = getattr(image, "tag_v2", None) or {}
    across, down = tags.get(_TILE_WIDTH), tags.get(_TILE_LENGTH)
    if across and down and -(-width // across) * across * -(-height // down) * down > MAX_PADDING * max_pixels:
        raise TooManyPixels(f"The tiles of the TIFF have {across} x {down} pixels: too many for what they show.")
