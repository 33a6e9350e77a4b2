"""Image files to RGB pixels: formats, limits, damaged files, animations, orientation, transparency.

A JPEG that is much larger than needed is decoded at a reduced scale, which is faster and looks the same.
"""

import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from function.errors import TaggerError, TooManyPixels, UndecodableImage, UnsupportedMediaType
from function.images import animation, jpeg, png, tiff
from function.images.bounds import BoundedFile, check_scans, check_size
from function.images.orientation import orientation_of, start_of, turned_upright
from function.images.signatures import supported_format, unsupported_format

# Pillow warns about each oddity of a file, and Python remembers each text, so a hostile file would fill log and memory.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Pillow has loaded its plugins for the first four. If it needs another one, it imports all plugins, once.
_PILLOW_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF")
_SUPPORTED = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC"
# Brands of HEIF files (ISO/IEC 23008-12). A container brand says nothing of the codec: the compatible brands do.
_CONTAINER_BRANDS = {b"mif1", b"msf1"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"} | _CONTAINER_BRANDS
_MAX_BRANDS_BYTES = 256
# A JPEG is decoded at a reduced scale if each side still has at least this many times the pixels that are needed.
_DRAFT_MARGIN = 2


@dataclass(frozen=True)
class Picture:
    """A decoded image, upright, RGB.

    `file_size` is the size of the file in pixels, `full_size` the same upright. `filled` is the box of `image` that
    shows the picture (left, top, right, bottom): a JPEG decoded at a reduced scale is rounded up to whole pixels.
    """

    image: Image.Image
    format: str
    file_size: tuple[int, int]
    full_size: tuple[int, int]
    filled: tuple[float, float, float, float]


def decode(data: bytes, needed_side: int, max_pixels: int) -> Picture:
    """Return the pixels of an image file; a JPEG may be reduced to no less than twice `needed_side` a side.

    Raises UnsupportedMediaType if the format is not readable, TooManyPixels (before decoding) if there are more than
    `max_pixels`, and UndecodableImage if the file is broken or asks too much of its decoder.
    """
    try:
        return _decode(data, needed_side, max_pixels)
    except TaggerError:
        raise
    except Exception as error:  # what Pillow's decoders raise on hostile bytes has no common base class
        if data.startswith(b"\xff\xd8"):
            return _decode_damaged_jpeg(data, needed_side, max_pixels)
        raise _error_for(data, was_opened=not isinstance(error, UnidentifiedImageError)) from error


def _opened(data: bytes, max_pixels: int) -> Image.Image:
    """Return the image with its header read; its pixels are not decoded yet."""
    formats: tuple[str, ...] = _PILLOW_FORMATS
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand == b"avis" or (brand in _CONTAINER_BRANDS and b"avif" in data[:_MAX_BRANDS_BYTES]):
        # For an animation, the brand `avif` makes libavif decode the still image instead of all frames.
        data, brand = data[:8] + b"avif" + data[12:], b"avif"
    if brand in _HEIF_BRANDS:
        import pillow_heif.HeifImagePlugin  # noqa: PLC0415, F401 - registers the plugin; most processes never need it

        formats = ("HEIF",)  # without AVIF, because that plugin opens container brands too
    check_scans(data)
    try:
        return Image.open(BoundedFile(png.without_metadata(data)), formats=formats)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(f"The image has too many pixels; the limit is {max_pixels:,}.") from error


def _decode(data: bytes, needed_side: int, max_pixels: int) -> Picture:
    """Return the pixels of a file that is not damaged."""
    image = _opened(data, max_pixels)
    if image.format == "TIFF":
        tiff.seek_to_full_image(image)
    full_size = file_size = image.size
    margin = needed_side * _DRAFT_MARGIN
    drafted = image.draft("", (margin, margin))
    check_size(image, data, full_size, max_pixels)
    if image.format in {"AVIF", "HEIF"}:
        from function.images.heif_guard.coded_size import check_coded_size  # noqa: PLC0415 - rare formats only

        check_coded_size(data, max_pixels)
    span = drafted[1][2:] if drafted else full_size
    animation.seek_to_first_picture(image, max_pixels)
    image.load()
    orientation = orientation_of(image)
    upright = turned_upright(animation.without_undefined_border(image), orientation)
    if upright.size != image.size:
        full_size, span = full_size[::-1], span[::-1]
    x, y = start_of(orientation, upright.size, span)
    filled = (x, y, x + span[0], y + span[1])
    return Picture(_to_rgb(upright, image), image.format or "", file_size, full_size, filled)


def _decode_damaged_jpeg(data: bytes, needed_side: int, max_pixels: int) -> Picture:
    """Return the pixels of a JPEG with damaged metadata or without its end marker.

    Raises UndecodableImage if pixels are missing or broken.
    """
    for keeps_exif in (True, False):  # EXIF has the orientation
        repaired = jpeg.without_metadata(data, keeps_exif)
        versions = (repaired,) if jpeg.layout_of(repaired).has_end else jpeg.with_end(repaired)
        try:
            pictures = [_decode(version, needed_side, max_pixels) for version in versions]
        except TaggerError:
            raise
        except Exception:  # noqa: S112 - see `decode`
            continue
        if all(picture.image.tobytes() == pictures[0].image.tobytes() for picture in pictures):
            return pictures[0]
    raise _broken(data)


def _error_for(data: bytes, was_opened: bool) -> TaggerError:
    """Return the error for a file that Pillow cannot open or, if it `was_opened`, cannot decode."""
    name = supported_format(data)
    if name == "TIFF" and not was_opened and (reason := tiff.unsupported_reason(data)):
        return UnsupportedMediaType(reason)
    if name:
        return _broken(data)
    problem = f"{name} is not supported" if (name := unsupported_format(data)) else "This file is not a readable image"
    return UnsupportedMediaType(f"{problem}. Supported formats: {_SUPPORTED}.")


def _broken(data: bytes) -> UndecodableImage:
    return UndecodableImage(f"The {supported_format(data) or 'image'} is broken or cut short: it could not be decoded.")


def _to_rgb(image: Image.Image, opened: Image.Image) -> Image.Image:
    """Return the pixels of the `opened` file as 8-bit RGB, with transparency composited on white."""
    if opened.format == "TIFF":
        image = tiff.to_eight_bits(image, opened)
    elif image.mode.startswith("I"):  # 16 bits per channel: keep the high byte
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if opened.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema()[1] == 0:
        image = image.convert("RGB")  # programs that do not know the alpha channel leave it 0
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image if image.mode == "RGB" else image.convert("RGB")
