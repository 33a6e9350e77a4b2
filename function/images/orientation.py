"""EXIF orientation: how an image must be turned to be upright.

Pillow's own `exif_transpose` also rewrites the EXIF, which is not needed here and fails if the EXIF is broken.
"""

from PIL import Image
from PIL.ExifTags import Base as Tag

# The operation for each value of the tag (Exif 2.32, section 4.6.4).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Values that mirror the x axis and the y axis of the upright image.
_MIRRORED = ({2, 3, 6, 7}, {3, 4, 7, 8})


def orientation_of(image: Image.Image) -> int:
    """Return the orientation of a loaded image, 1 to 8; 1 (upright) if there is no EXIF or it cannot be read.

    The image must be loaded, because Pillow itself turns a TIFF when it loads it.
    """
    try:
        orientation = image.getexif().get(Tag.Orientation)
    except Exception:  # the errors of Pillow's parsers have no common base class
        return 1
    return orientation if isinstance(orientation, int) and orientation in _UPRIGHT else 1


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the upright image."""
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def start_of(orientation: int, size: tuple[int, int], span: tuple[float, float]) -> tuple[float, float]:
    """Return the position (x, y) of the picture in the upright image, (0, 0) unless the image is mirrored.

    The size of a JPEG decoded at a reduced scale is rounded up to whole pixels, so the picture fills only `span` of
    `size`. The unfilled part is at the end, or at the start of an axis that is mirrored.
    """
    x, y = (
        side - filled if orientation in mirrored else 0
        for side, filled, mirrored in zip(size, span, _MIRRORED, strict=True)
    )
    return x, y
