"""One photo gets the same tags in every format that cameras and programs write: the table of docs/formats.md."""

import io
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.conftest import encode
from tools.fuzz.heif import Part, grid, heif
from tools.make_events import PNG_SIGNATURE, png_chunk

Pixels = NDArray[np.float64]
TABLE = Path(__file__).parents[2] / "docs/formats.md"
ALL = TagOptions(min_score=0)
# Largest mean difference between the normalised pixels of a file and those of a PNG.
LOSSLESS, LOSSY = 1e-6, 0.03
# About the standard deviation of each channel in CLIP's preprocessing.
CLIP_STD = 0.27
# Largest difference between the scores of the demo model. Trained weights change them more than random ones.
SCORES_WITHIN = {LOSSLESS: 1e-4, LOSSY: 0.1}
# The operation that turns an upright picture into one stored with this EXIF orientation.
UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
Picture = Image.Image


def saver(image_format: str, **settings: Any) -> Callable[..., bytes]:
    return lambda photo, **options: encode(photo, image_format, **settings, **options)


def as_heic(photo: Picture, **options: Any) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(photo).save(file, quality=95, **options)
    return file.getvalue()


def as_mif1(photo: Picture) -> bytes:
    """Return an HEIC with the general brand `mif1`, as some cameras write."""
    return as_heic(photo).replace(b"heic", b"mif1", 1)


def in_tiles(photo: Picture) -> bytes:
    """Return an HEIC as iPhones write it: tiles and a thumbnail. The last tiles of rows and columns are cropped."""
    side = 128
    corners = [(x, y) for y in range(0, photo.height, side) for x in range(0, photo.width, side)]
    tiles = [Part.first_of(as_heic(photo.crop((x, y, x + side, y + side)))) for x, y in corners]
    columns = -(-photo.width // side)
    shown = grid(len(tiles) // columns, columns, *photo.size, range(1, len(tiles) + 1))
    thumbnail = Part.first_of(as_heic(photo.resize((64, 64))))
    return heif(b"heic", *tiles, shown, thumbnail, primary=len(tiles) + 1)


def oriented(orientation: int, save: Callable[..., bytes]) -> Callable[[Picture], bytes]:
    exif = Image.Exif()
    exif[0x0112] = orientation

    def wrap(photo: Picture) -> bytes:
        stored = photo.transpose(UNDO[orientation]) if orientation in UNDO else photo
        return save(stored, exif=exif.tobytes())

    return wrap


def as_cmyk(photo: Picture) -> Picture:
    """Return the photo in CMYK. Black is half of the common part of the other three inks."""
    cmy = 255 - np.asarray(photo).astype(np.float64)
    black = cmy.min(axis=2, keepdims=True) / 2
    cmy = (cmy - black) * 255 / (255 - black)
    return Image.fromarray(np.concatenate([cmy, black], axis=2).round().astype(np.uint8), "CMYK")


def as_cmyk_jpeg(photo: Picture) -> bytes:
    return encode(as_cmyk(photo), "JPEG", quality=95)


def as_cmyk_jpeg_unmarked(photo: Picture) -> bytes:
    data = as_cmyk_jpeg(photo)
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


def as_ycck_jpeg(photo: Picture) -> bytes:
    """Return a JPEG in YCCK, Adobe's other four-colour space. Pillow cannot write it, so the marker is patched."""
    cyan, magenta, yellow, black = as_cmyk(photo).split()
    ycc = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr")
    stored = Image.merge("CMYK", (*(channel.point(lambda value: 255 - value) for channel in ycc.split()), black))
    data = bytearray(encode(stored, "JPEG", quality=98))
    transform = data.index(b"Adobe") + 11
    assert data[transform] == 0
    data[transform] = 2
    return bytes(data)


def transparent_palette(photo: Picture) -> Picture:
    """Return the photo in 255 colours. The 256th colour fills the left half and is transparent when saved."""
    picture = photo.quantize(255)
    picture.putpalette([*(picture.getpalette() or [])[: 255 * 3], 255, 0, 0])
    picture.paste(255, (0, 0, photo.width // 2, photo.height))
    return picture


def half_transparent(photo: Picture) -> Picture:
    """Return the photo with a transparent left half. The hidden pixels are red."""
    middle = photo.width // 2
    picture = photo.copy()
    picture.paste("red", (0, 0, middle, photo.height))
    alpha = Image.new("L", photo.size, 255)
    alpha.paste(0, (0, 0, middle, photo.height))
    picture.putalpha(alpha)
    return picture


def half_white(photo: Picture) -> Picture:
    picture = photo.copy()
    picture.paste("white", (0, 0, photo.width // 2, photo.height))
    return picture


def as_wide(photo: Picture) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Return the pixels in 16 bits. The low byte is not 0, because it must not change the result."""
    wide: np.ndarray[Any, np.dtype[np.uint16]] = np.asarray(photo).astype(np.uint16) * 256 + 77
    return wide


def as_wide_png(photo: Picture) -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow reads but does not write."""
    header = struct.pack(">IIBBBBB", photo.width, photo.height, 16, 2, 0, 0, 0)
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in as_wide(photo))
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return PNG_SIGNATURE + b"".join(png_chunk(kind, content) for kind, content in chunks)


def as_wide_grey_png(photo: Picture) -> bytes:
    return encode(Image.fromarray(as_wide(grey(photo))[:, :, 0]), "PNG")


def animated(save: Callable[..., bytes]) -> Callable[[Picture], bytes]:
    def wrap(photo: Picture) -> bytes:
        later = [Image.new(photo.mode, photo.size, colour) for colour in ("red", "blue")]
        return save(photo, save_all=True, append_images=later, duration=100)

    return wrap


def as_mpo(photo: Picture) -> bytes:
    return encode(photo, "MPO", save_all=True, append_images=[Image.new("RGB", photo.size, "red")], quality=95)


def whole(photo: Picture) -> Picture:
    return photo


def grey(photo: Picture) -> Picture:
    return photo.convert("L").convert("RGB")


def in_256_colours(photo: Picture) -> Picture:
    return photo.quantize(256).convert("RGB")


def half_transparent_grey(photo: Picture) -> Picture:
    return half_transparent(grey(photo)).convert("LA")


def half_white_grey(photo: Picture) -> Picture:
    return half_white(grey(photo))


def half_white_in_255_colours(photo: Picture) -> Picture:
    return half_white(photo.quantize(255).convert("RGB"))


def in_two_colours(photo: Picture) -> Picture:
    return photo.convert("1").convert("RGB")


@dataclass(frozen=True)
class Row:
    """A row of the table, with the largest pixel difference. The file of `stored(photo)` looks like `shows(photo)`."""

    name: str
    save: Callable[[Picture], bytes]
    within: float = LOSSLESS
    stored: Callable[[Picture], Picture] = whole
    shows: Callable[[Picture], Picture] = whole


PNG, WEBP, TIFF, GIF = saver("PNG"), saver("WEBP", lossless=True, exact=True), saver("TIFF"), saver("GIF")
JPEG, AVIF = saver("JPEG", quality=95), saver("AVIF", quality=95)
ROWS = [
    *[Row("PNG, BMP, TIFF", save) for save in (PNG, saver("BMP"), saver("TIFF", compression="tiff_lzw"))],
    Row("WebP, lossless", WEBP),
    *[Row("JPEG, plain and progressive", save, LOSSY) for save in (JPEG, saver("JPEG", quality=95, progressive=True))],
    Row("WebP, lossy", saver("WEBP", quality=95), LOSSY),
    Row("AVIF", AVIF, LOSSY),
    *[Row("HEIC", save, LOSSY) for save in (as_heic, as_mif1)],
    Row("HEIC in tiles", in_tiles, LOSSY),
    *[
        Row("EXIF orientation 1 to 8: PNG, WebP, TIFF", oriented(i, save))
        for i in range(1, 9)
        for save in (PNG, WEBP, TIFF)
    ],
    *[
        Row("EXIF orientation 1 to 8: JPEG, HEIC, AVIF", oriented(i, save), LOSSY)
        for i in range(1, 9)
        for save in (JPEG, as_heic, AVIF)
    ],
    Row("MPO (two pictures in a JPEG)", as_mpo, LOSSY),
    *[Row("CMYK and YCCK JPEG", save, LOSSY) for save in (as_cmyk_jpeg, as_cmyk_jpeg_unmarked, as_ycck_jpeg)],
    Row("16 bits a channel: PNG", as_wide_png),
    Row("16 bits a channel, grey: PNG", as_wide_grey_png, shows=grey),
    Row("grey: PNG, with and without transparency", PNG, stored=methodcaller("convert", "L"), shows=grey),
    Row("grey: PNG, with and without transparency", PNG, stored=half_transparent_grey, shows=half_white_grey),
    Row("grey: JPEG", JPEG, LOSSY, stored=methodcaller("convert", "L"), shows=grey),
    Row("1 bit: PNG", PNG, stored=methodcaller("convert", "1"), shows=in_two_colours),
    Row("palette: PNG", PNG, stored=methodcaller("quantize", 256), shows=in_256_colours),
    *[Row("transparent: PNG, WebP", save, stored=half_transparent, shows=half_white) for save in (PNG, WEBP)],
    *[
        Row("transparent palette: PNG, GIF", save, stored=transparent_palette, shows=half_white_in_255_colours)
        for save in (saver("PNG", transparency=255), saver("GIF", transparency=255))
    ],
    *[Row("transparent: AVIF, HEIC", save, LOSSY, half_transparent, half_white) for save in (AVIF, as_heic)],
    Row("animated: GIF", animated(GIF), stored=in_256_colours, shows=in_256_colours),
    *[Row("animated: WebP, PNG", animated(save)) for save in (WEBP, PNG)],
    Row("1 x 1", GIF, stored=methodcaller("resize", (1, 1)), shows=methodcaller("resize", (1, 1))),
    Row("1 x 5000", TIFF, stored=methodcaller("resize", (1, 5000)), shows=methodcaller("resize", (1, 5000))),
]


@cache  # most rows have the same reference
def scores_and_pixels(tagger: Tagger, data: bytes) -> tuple[dict[str, float], Pixels]:
    """Return the scores of a picture and the normalised pixels."""
    tagging = tagger.tag(data, ALL)
    pixels = np.frombuffer(tagging.image.planes, dtype=np.uint8) / 255 / CLIP_STD
    return {tag.label: tag.score for tag in tagging.tags}, pixels


def mean_difference(pixels: Pixels, others: Pixels) -> float:
    return float(np.abs(pixels - others).mean())


@pytest.mark.parametrize("row", ROWS, ids=[f"{i} {row.name}" for i, row in enumerate(ROWS)])
def test_format_does_not_change_the_tags(demo_tagger: Tagger, cat_photo: Image.Image, row: Row) -> None:
    expected, pixels = scores_and_pixels(demo_tagger, PNG(row.shows(cat_photo)))
    actual, actual_pixels = scores_and_pixels(demo_tagger, row.save(row.stored(cat_photo)))
    assert mean_difference(pixels, actual_pixels) < row.within
    assert actual == pytest.approx(expected, abs=SCORES_WITHIN[row.within])


def test_wrong_orientation_colour_or_background_exceeds_the_limits(demo_tagger: Tagger, cat_photo: Image.Image) -> None:
    different = [half_white(cat_photo), grey(cat_photo), ImageOps.invert(cat_photo), cat_photo.resize((1, 1))]
    different += [cat_photo.transpose(undo) for undo in UNDO.values()]
    _, expected = scores_and_pixels(demo_tagger, PNG(cat_photo))
    differences = [mean_difference(expected, scores_and_pixels(demo_tagger, PNG(picture))[1]) for picture in different]
    assert min(differences) > 3 * LOSSY


def test_table_in_the_docs_matches_the_rows() -> None:
    rows = re.findall(
        r"^\| (.+?) \| .+ \| (.+?) \|$", TABLE.read_text(encoding="utf-8").partition("## ")[0], re.MULTILINE
    )
    documented = {name: bound == "equal" for name, bound in rows[1:]}
    assert documented == {row.name: row.within == LOSSLESS for row in ROWS}
    assert {bound for _, bound in rows[1:]} == {"equal", "nearly"}
