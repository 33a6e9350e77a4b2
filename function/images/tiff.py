"""What Pillow leaves to its callers in a TIFF: the page, the range of values, and which end is white (TIFF 6.0)."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image, TiffImagePlugin

from function.errors import UndecodableImage, UnsupportedMediaType

_NEW_SUBFILE_TYPE, _BITS_PER_SAMPLE, _COMPRESSION, _PHOTOMETRIC = 254, 258, 259, 262
_COLOR_MAP, _SAMPLE_FORMAT, _DNG_VERSION = 320, 339, 50706
_REDUCED = 1  # bit of NewSubfileType
_WHITE_IS_ZERO = 0
_FLOAT = 3
# Pages that are looked at. A file that starts with a thumbnail has its image next.
_MAX_PAGES = 16
_COMPRESSIONS = {
    7: "JPEG",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG (DNG)",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}


def seek_to_full_image(image: Image.Image) -> None:
    """Leave out thumbnails: go to the largest page if the first page is marked as a reduced version of another."""
    tags = _tags(image)
    if not int(tags.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED:
        return
    sizes = []
    for page in range(_MAX_PAGES):
        try:
            image.seek(page)
        except EOFError:
            break
        sizes.append(image.width * image.height)
    image.seek(sizes.index(max(sizes)))


def unsupported_reason(data: bytes) -> str:
    """Return why Pillow cannot open a TIFF, empty if the file is broken."""
    tags = _first_tags(data)
    if not tags:
        return ""
    if _DNG_VERSION in tags:
        return "Camera RAW (DNG) is not supported. Send the JPEG or HEIC of the photo."
    if compression := _COMPRESSIONS.get(_first(tags.get(_COMPRESSION, 1))):
        return f"TIFF with {compression} inside is not supported."
    bits, sample_format, photometric = (
        _first(tags.get(tag, default))
        for tag, default in ((_BITS_PER_SAMPLE, 1), (_SAMPLE_FORMAT, 1), (_PHOTOMETRIC, 0))
    )
    return (
        f"TIFF with {bits} bits per sample, sample format {sample_format} and photometric interpretation {photometric} "
        "is not supported."
    )


def to_eight_bits(image: Image.Image, opened: Image.Image) -> Image.Image:
    """Return the pixels of an `opened` TIFF with 8 bits per sample, black as 0.

    Raises UnsupportedMediaType for values whose range is not known.
    """
    tags = _tags(opened)
    if image.mode == "P":
        return _with_full_range_palette(image, tags)
    if image.mode == "F":
        grey = _from_float(image)
    elif image.mode.startswith("I"):
        grey = _from_integers(image, tags)
    else:
        return image
    return grey.point(lambda value: 255 - value) if _first(tags.get(_PHOTOMETRIC, 1)) == _WHITE_IS_ZERO else grey


def _from_float(image: Image.Image) -> Image.Image:
    low, high = image.getextrema()
    if not (isinstance(low, float) and isinstance(high, float) and low >= 0 and high <= 1):
        raise UnsupportedMediaType("TIFF with floating-point values is only supported for values from 0 to 1.")
    return image.point(lambda value: value * 255 + 0.5).convert("L")


def _from_integers(image: Image.Image, tags: dict[int, Any]) -> Image.Image:
    bits, sample_format = _first(tags.get(_BITS_PER_SAMPLE, 16)), _first(tags.get(_SAMPLE_FORMAT, 1))
    if bits > 16 or sample_format not in (1, 4):
        kind = {2: "signed", _FLOAT: "floating-point"}.get(sample_format, "unsigned")
        raise UnsupportedMediaType(f"TIFF with {bits}-bit {kind} samples is not supported.")
    return image.convert("I").point(lambda value: value * (1 / (1 << max(0, bits - 8)))).convert("L")


def _with_full_range_palette(image: Image.Image, tags: dict[int, Any]) -> Image.Image:
    """Return the image with a palette of 16-bit values; some programs write values from 0 to 255."""
    colors: Sequence[int] = tags.get(_COLOR_MAP, ())
    if not colors or max(colors) > 255:
        return image
    size = len(colors) // 3
    image.putpalette([colors[channel * size + i] for i in range(size) for channel in range(3)])
    return image


def _tags(image: Image.Image) -> dict[int, Any]:
    return getattr(image, "tag_v2", None) or {}


def _first_tags(data: bytes) -> dict[int, Any]:
    """Return the tags of the first page, none if they cannot be read."""
    file = BytesIO(data)
    try:
        header = file.read(8)
        directory = TiffImagePlugin.ImageFileDirectory_v2(header)
        file.seek(directory.next)
        directory.load(file)
        return dict(directory)
    except Exception:  # what Pillow's parsers raise on hostile bytes has no common base class
        return {}


def _first(value: Any) -> int:
    """Return a number, or the first of several."""
    try:
        return int(value[0] if isinstance(value, tuple | list) else value)
    except (TypeError, ValueError, IndexError) as error:
        raise UndecodableImage("The TIFF is broken: a tag has the wrong type.") from error
