"""Limits on the time and memory that decoding a file may take. A small file can cost minutes or gigabytes.

`tests/hostile/` has a file for each limit. Limits are checked before pixels are decoded or, for formats that Pillow
reads piece by piece in Python, while they are read.
"""

from io import BytesIO

from PIL import Image
from PIL.ExifTags import Base as Tag

from function.errors import TooManyPixels, UndecodableImage
from function.images import jpeg

# JPEG's own limit (ITU-T T.81, B.2.2). Pillow stores a pointer for each line: 1 x 50,000,000 would take 2.7 GB.
MAX_SIDE = 65_535
# Pixels of a baseline JPEG at full scale. It is decoded at a reduced scale, so time is the limit, not memory.
MAX_JPEG_PIXELS = 250_000_000
# Each scan of a JPEG goes over all of its blocks. Usual files have ten.
MAX_SCANS = 100
# Pillow makes one call for every segment, chunk, tag or run. A run-length BMP has the most, two for each run.
MAX_READS = 1_000_000
# A TIFF's tiles are decoded as a whole. They may have this many times the pixels that are accepted.
MAX_PADDING = 2

# Pillow raises an error for twice this number of pixels; `check_size` checks before Pillow decodes anything.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS // 2


class BoundedFile(BytesIO):
    """A file in memory that is read in at most `MAX_READS` pieces; one more raises UndecodableImage."""

    _reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next `size` bytes, or all remaining bytes."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise UndecodableImage("The image has too many parts.")
        return super().read(size)


def check_scans(data: bytes) -> None:
    """Raise UndecodableImage if a JPEG has too many scans. Bytes behind the image, such as a video, do not count."""
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MAX_SCANS and jpeg.layout_of(data).scans > MAX_SCANS:
        raise UndecodableImage(f"The JPEG has more than {MAX_SCANS} scans.")


def check_size(image: Image.Image, data: bytes, full_size: tuple[int, int], max_pixels: int) -> None:
    """Raise TooManyPixels if decoding the opened file `data` takes more than `max_pixels`.

    `image.size` is the size that is decoded, `full_size` the size of the file: a JPEG may be decoded at a reduced
    scale. A JPEG with several scans (every progressive one) counts at full size, because its decoder stores all
    coefficients.
    """
    width, height = full_size
    is_reduced = image.format == "JPEG" and image.size != full_size
    has_one_scan = is_reduced and width * height > max_pixels and jpeg.layout_of(data).scans == 1
    limit = MAX_JPEG_PIXELS if has_one_scan else max_pixels
    if width * height > limit:
        raise TooManyPixels(f"The image has {width} x {height} pixels; the limit is {limit:,}.")
    if max(width, height) > MAX_SIDE:
        raise TooManyPixels(f"The image has {width} x {height} pixels; the limit for a side is {MAX_SIDE:,}.")
    if image.width * image.height > max_pixels:
        raise TooManyPixels(f"The image has {image.width} x {image.height} pixels after reduction; too many.")
    tags = getattr(image, "tag_v2", None) or {}
    across, down = tags.get(Tag.TileWidth), tags.get(Tag.TileLength)
    if across and down and -(-width // across) * across * -(-height // down) * down > MAX_PADDING * max_pixels:
        raise TooManyPixels(f"The tiles of the TIFF have {across} x {down} pixels, which is too many for its size.")
