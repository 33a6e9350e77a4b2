"""Image files to RGB pixels: formats, limits, orientation, transparency.

A JPEG that is much larger than needed is decoded at a reduced scale, which is faster and looks the same.
"""

import warnings
from dataclasses import dataclass
from functools import cache

from PIL import Image, UnidentifiedImageError

from function.errors import TooManyPixels, UnsupportedMediaType
from function.images.bounds import BoundedFile, check_pieces, check_size
from function.images.orientation import orientation_of, start_of, turned_upright

# Pillow warns about each oddity of a file, and Python remembers each text, so a hostile file would fill log and memory.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Pillow has the first four in memory. Asking for a later one imports all of its plugins, once.
_PILLOW_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF")
_READABLE = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC"
# Brands of HEIF files (ISO/IEC 23008-12). A container brand says nothing of the codec: the compatible brands do.
_CONTAINER_BRANDS = {b"mif1", b"msf1"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"} | _CONTAINER_BRANDS
_MAX_BRANDS_BYTES = 256
# A JPEG is decoded at a reduced scale if each side still has at least this many times the pixels that are needed.
_DRAFT_MARGIN = 2


@dataclass(frozen=True)
class Picture:
    """A decoded image, upright, RGB.

    `full_size` is the upright size of the file in pixels. `filled` is the box of `image` that shows the picture (left,
    top, right, bottom): a JPEG decoded at a reduced scale is rounded up to whole pixels.
    """

    image: Image.Image
    full_size: tuple[int, int]
    filled: tuple[float, float, float, float]


def open_image(data: bytes, max_pixels: int) -> Image.Image:
    """Return the opened image file `data`: its header is read, its pixels are not decoded yet.

    Raises UnsupportedMediaType if the format is not readable, TooManyPixels if there are more than `max_pixels`, and
    UndecodableImage if the file asks too much of its decoder.
    """
    formats: tuple[str, ...] = _PILLOW_FORMATS
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand == b"avis" or (brand in _CONTAINER_BRANDS and b"avif" in data[:_MAX_BRANDS_BYTES]):
        # For an animation, the brand `avif` makes libavif decode the still image instead of all frames.
        data, brand = data[:8] + b"avif" + data[12:], b"avif"
    if brand in _HEIF_BRANDS:
        _register_heif()
        formats = ("HEIF",)  # without AVIF, because that plugin opens container brands too
    check_pieces(data)
    try:
        image = Image.open(BoundedFile(data), formats=formats)
    except UnidentifiedImageError as error:
        raise UnsupportedMediaType(f"This file is not a readable image. Supported formats: {_READABLE}.") from error
    except Image.DecompressionBombError as error:
        raise TooManyPixels(f"The image has too many pixels; the limit is {max_pixels:,}.") from error
    check_size(image, max_pixels)
    if brand:
        from function.images.heif_guard import check_coded_size  # noqa: PLC0415 - rare formats only

        check_coded_size(data, max_pixels)
    return image


def decode(image: Image.Image, needed_side: int) -> Picture:
    """Return the pixels of an opened image; a JPEG may be reduced to no less than twice `needed_side` a side.

    Raises what Pillow's decoders raise on broken files, which has no common base class.
    """
    full_size = image.size
    margin = needed_side * _DRAFT_MARGIN
    drafted = image.draft("", (margin, margin))
    span = drafted[1][2:] if drafted else full_size
    image.load()
    orientation = orientation_of(image)
    upright = turned_upright(image, orientation)
    if upright.size != image.size:
        full_size, span = full_size[::-1], span[::-1]
    x, y = start_of(orientation, upright.size, span)
    return Picture(_to_rgb(upright), full_size, (x, y, x + span[0], y + span[1]))


@cache
def _register_heif() -> None:
    """Register Pillow's HEIC plugin, once. It is imported here because most processes never see such a file."""
    import pillow_heif  # noqa: PLC0415

    pillow_heif.register_heif_opener()


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return `image` as 8-bit RGB, with transparency composited on white."""
    if image.mode.startswith("I"):  # 16 bits per channel: keep the high byte
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image if image.mode == "RGB" else image.convert("RGB")
