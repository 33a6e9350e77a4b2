"""What Pillow leaves to its callers in a TIFF: the page, the range of values, and which end is white (TIFF 6.0)."""

from collections.abc import Sequence
from io import BytesIO
from itertools import islice
from typing import Any

from PIL import Image, ImageSequence, TiffImagePlugin
from PIL.ExifTags import Base as Tag

from function.errors import UndecodableImage, UnsupportedMediaType

_REDUCED = 1  # bit of NewSubfileType
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
    if int(_tags(image).get(Tag.NewSubfileType, 0)) & _REDUCED:
        sizes = [page.width * page.height for page in islice(ImageSequence.Iterator(image), _MAX_PAGES)]
        image.seek(sizes.index(max(sizes)))


def unsupported_reason(data: bytes) -> str:
    """Return why Pillow cannot open a TIFF, empty if the file is broken."""
    tags = _first_tags(data)
    if not tags:
        return ""
    if Tag.DNGVersion in tags:
        return "Camera RAW (DNG) is not supported. Send the JPEG or HEIC of the photo."
    if compression := _COMPRESSIONS.get(_number(tags, Tag.Compression, 1)):
        return f"TIFF with {compression} inside is not supported."
    return (
        f"TIFF with {_number(tags, Tag.BitsPerSample, 1)} bits per sample, "
        f"sample format {_number(tags, Tag.SampleFormat, 1)} and "
        f"photometric interpretation {_number(tags, Tag.PhotometricInterpretation, 0)} is not supported."
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
    is_white_zero = _number(tags, Tag.PhotometricInterpretation, 1) == 0
    return grey.point(lambda value: 255 - value) if is_white_zero else grey


def _from_float(image: Image.Image) -> Image.Image:
    low, high = image.getextrema()
    if not (isinstance(low, float) and isinstance(high, float) and low >= 0 and high <= 1):
        raise UnsupportedMediaType("TIFF with floating-point values is only supported for values from 0 to 1.")
    return image.point(lambda value: value * 255 + 0.5).convert("L")


def _from_integers(image: Image.Image, tags: dict[int, Any]) -> Image.Image:
    bits, sample_format = _number(tags, Tag.BitsPerSample, 16), _number(tags, Tag.SampleFormat, 1)
    if bits > 16 or sample_format not in (1, 4):
        kind = {2: "signed", 3: "floating-point"}.get(sample_format, "unsigned")
        raise UnsupportedMediaType(f"TIFF with {bits}-bit {kind} samples is not supported.")
    return image.convert("I").point(lambda value: value * (1 / (1 << max(0, bits - 8)))).convert("L")


def _with_full_range_palette(image: Image.Image, tags: dict[int, Any]) -> Image.Image:
    """Return the image with a palette of 16-bit values; some programs write values from 0 to 255."""
    colors: Sequence[int] = tags.get(Tag.ColorMap, ())
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


def _number(tags: dict[int, Any], tag: Tag, default: int) -> int:
    """Return the number in a tag, or the first of several."""
    value = tags.get(tag, default)
    try:
        return int(value[0] if isinstance(value, tuple | list) else value)
    except (TypeError, ValueError, IndexError) as error:
        raise UndecodableImage("The TIFF is broken: a tag has the wrong type.") from error
