"""Pictures that were stored lying, and say so in their EXIF.

Pillow's own `exif_transpose` also writes the EXIF anew, which is of no use here, and fails where it is broken.
"""

from PIL import Image

# Exif 2.32, section 4.6.4: how a picture was stored, and what makes it upright.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Of these, the ones whose upright picture ends where the stored one begins, in x and in y.
_MIRRORED = ({2, 3, 6, 7}, {3, 4, 7, 8})


def orientation_of(image: Image.Image) -> int:
    """Return how the picture was stored, 1 to 8; 1, upright, with EXIF that does not read.

    Of a loaded image: Pillow turns a TIFF by itself as it loads it.
    """
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # what Pillow's parsers raise on hostile bytes has no common base
        return 1
    return orientation if isinstance(orientation, int) and orientation in _UPRIGHT else 1


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the image as it is to be seen."""
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def start_of(orientation: int, size: tuple[int, int], span: tuple[float, float]) -> tuple[float, float]:
    """Return where the `span` of pixels that the picture fills begins in those of the upright image, `size` large.

    A JPEG decoded at a reduced scale is filled from its first pixel on, and mirrored that is the last one.
    """
    x, y = (
        side - filled if orientation in turned else 0
        for side, filled, turned in zip(size, span, _MIRRORED, strict=True)
    )
    return x, y
