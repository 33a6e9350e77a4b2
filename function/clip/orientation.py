"""Pictures that were stored lying, and say so in their EXIF.

Pillow's own `exif_transpose` also writes the EXIF anew, which is of no use here, and fails where it is broken.
"""

from PIL import Image
from torch import Tensor

# Exif 2.32, section 4.6.4: how a picture was stored. In some, lines are what is seen as columns; that undone, these are
# mirrored, from left to right and from top to bottom.
_ORIENTATION = 0x0112
_LINES_ARE_COLUMNS = {5, 6, 7, 8}
_LEFT_TO_RIGHT, _TOP_TO_BOTTOM = {2, 3, 6, 7}, {3, 4, 7, 8}


def orientation_of(image: Image.Image) -> int:
    """Return how the picture was stored, 1 to 8; 1, upright, with EXIF that does not read.

    Of a loaded image: Pillow turns a TIFF by itself as it loads it.
    """
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # what Pillow's parsers raise on hostile bytes has no common base
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def lines_are_columns(orientation: int) -> bool:
    """Return whether lines and columns are to be exchanged, which comes first."""
    return orientation in _LINES_ARE_COLUMNS


def unmirrored(pixels: Tensor, orientation: int) -> Tensor:
    """Return the pixels, shape (channels, height, width), as they are to be seen; lines and columns were exchanged."""
    mirrored = [axis for axis, those in ((1, _TOP_TO_BOTTOM), (2, _LEFT_TO_RIGHT)) if orientation in those]
    return pixels.flip(mirrored) if mirrored else pixels
