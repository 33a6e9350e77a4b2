"""Files as phones and programs write them: damaged metadata, thumbnails, animations, unusual ranges of values."""

import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from function.errors import TooManyPixels, UndecodableImage, UnsupportedMediaType
from function.images import jpeg
from function.images.decode import decode
from tests.conftest import MAX_PIXELS, encode
from tools.fuzz.bombs import heic, segment
from tools.make_events import png_chunk

CASES = Path(__file__).parents[1] / "cases"
SIDE = 224


def shown(data: bytes) -> NDArray[np.float64]:
    """Return the decoded picture of a file, resized to 64 x 64 pixels."""
    return np.asarray(decode(data, SIDE, MAX_PIXELS).image.resize((64, 64)), dtype=float)


def difference(data: bytes, other: bytes) -> float:
    return float(np.abs(shown(data) - shown(other)).mean())


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "reference", "within"),
    [
        ("motion-photo-scans.jpg", "reference.png", 1.5),
        ("jpeg-no-eoi.jpg", "reference.png", 1.5),
        ("png-bad-crc-text.png", "reference.png", 0),
        ("png-ztxt-2MB.png", "reference.png", 0),
        ("tiff-grey16-miniswhite.tif", "reference-grey.png", 0.6),
        ("tiff-float32-0-1.tif", "reference-grey.png", 0.6),
        ("bmp-v4-alpha-all-zero.bmp", "reference-200.png", 0),
        ("gif-first-frame-blank.gif", "reference.png", 1.5),
        ("tiff-thumbnail-first.tif", "reference.png", 0),
    ],
)
def test_decoded_case_looks_like_its_reference(name: str, reference: str, within: float) -> None:
    assert difference(case(name), case(reference)) <= within


def test_a_gif_whose_first_frame_is_smaller_than_the_canvas_has_a_white_border() -> None:
    picture = decode(case("gif-first-frame-offset.gif"), SIDE, MAX_PIXELS).image
    inside = (60, 10, 340, 290)
    assert picture.size == (400, 300)
    assert picture.crop((0, 0, 60, 300)).getextrema() == ((255, 255),) * 3
    assert len(set(picture.crop(inside).quantize(16).get_flattened_data())) > 4


def test_heic_is_turned_by_its_own_property_and_not_by_exif() -> None:
    """ISO/IEC 23008-12 requires it. Phones write both."""
    assert decode(case("heic-exif6-no-irot.heic"), SIDE, MAX_PIXELS).full_size == (300, 400)


# --- JPEG


@pytest.fixture(scope="module")
def photo(cat_photo: Image.Image) -> Image.Image:
    return cat_photo.resize((200, 150))


@pytest.fixture(scope="module")
def jpeg_file(photo: Image.Image) -> bytes:
    return encode(photo, "JPEG", quality=90)


@pytest.mark.parametrize(
    "behind",
    [b"\xff\xda" * 200, b"\0" * 300_000, b"\xff\xd8\xff" * 1000, b"\xff\xd8\xff\xe0 cut", b"MotionPhoto_Data"],
    ids=["scans", "zeros", "starts", "another", "text"],
)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_bytes_behind_an_image_are_ignored(photo: Image.Image, image_format: str, behind: bytes) -> None:
    file = encode(photo, image_format)
    assert difference(file + behind, file) == 0


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_that_lacks_its_end_marker_only_is_read(photo: Image.Image, progressive: bool, missing: int) -> None:
    file = encode(photo, "JPEG", quality=90, progressive=progressive)
    assert difference(file[:-missing], file) == 0


@pytest.mark.filterwarnings("ignore")  # as at run time: Pillow warns about each oddity of a file
@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xED, 0xFE, 0xEF])
def test_a_broken_metadata_segment_does_not_refuse_a_jpeg(jpeg_file: bytes, marker: int) -> None:
    starts = {
        0xE1: b"Exif\0\0MM\0*\xff\xff\xff\xff",
        0xE2: b"MPF\0II*\0\xff\xff\xff\xff",
        0xED: b"Photoshop 3.0\08BIM\xff",
    }
    payload = starts.get(marker, b"") + b"\xff" * 30
    assert difference(jpeg_file[:2] + segment(marker, payload) + jpeg_file[2:], jpeg_file) == 0


def test_a_jpeg_over_the_limit_is_decoded_at_a_reduced_scale_unless_it_is_progressive() -> None:
    grey = Image.new("L", (3000, 2000))
    picture = decode(encode(grey, "JPEG"), SIDE, 1_000_000)
    assert picture.file_size == (3000, 2000)
    assert picture.image.width * picture.image.height <= 1_000_000
    with pytest.raises(TooManyPixels, match=r"3000 x 2000 pixels; the limit is 1,000,000"):
        decode(encode(grey, "JPEG", progressive=True), SIDE, 1_000_000)


@pytest.mark.parametrize("damage", ["no end", "broken profile"])
def test_a_damaged_jpeg_keeps_its_orientation(photo: Image.Image, damage: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = encode(photo, "JPEG", quality=90, exif=exif)
    profile = segment(0xE2, b"MPF\0II*\0\xff\xff")
    damaged = file[:-2] if damage == "no end" else file[:2] + profile + file[2:]
    assert difference(damaged, file) == 0


def test_bytes_between_segments_are_skipped_quickly(jpeg_file: bytes) -> None:
    junk = b"\0" * 20_000_000
    started = time.process_time()
    assert jpeg.layout_of(jpeg_file[:2] + junk + jpeg_file[2:]).scans == 1
    assert time.process_time() - started < 0.5


def test_a_baseline_jpeg_with_several_scans_counts_at_full_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """libjpeg stores all coefficients of such a file."""
    file = encode(Image.new("L", (3000, 2000)), "JPEG")
    monkeypatch.setattr(jpeg, "layout_of", lambda _: jpeg.JpegLayout(3, True, ()))
    with pytest.raises(TooManyPixels):
        decode(file, SIDE, 1_000_000)


def test_text_that_starts_like_a_bmp_is_not_an_image() -> None:
    with pytest.raises(UnsupportedMediaType):
        decode(b"BMW is a car maker, and this is a text about it.", SIDE, MAX_PIXELS)


# --- PNG


@pytest.mark.parametrize(
    "extra",
    [
        png_chunk(b"tEXt", b"a\0b")[:-4] + bytes(4),
        png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3_000_000))),
        png_chunk(b"iTXt", b"broken"),
        png_chunk(b"iCCP", b"a\0\0not deflate") * 10,
        png_chunk(b"eXIf", b"MM\0*\0\0\0\x08")[:-4] + bytes(4),
        png_chunk(b"eXIf", b"neither II nor MM"),
        png_chunk(b"gAMA", b""),
        png_chunk(b"pHYs", b"\0"),
        png_chunk(b"sRGB", b"\xff" * 9),
        png_chunk(b"abCd", b"private"),
    ],
    ids=[
        *("bad checksum", "large text", "broken text", "profiles", "bad checksum of EXIF", "broken EXIF"),
        *("gamma", "resolution", "srgb", "private"),
    ],
)
def test_metadata_does_not_refuse_a_png(photo: Image.Image, extra: bytes) -> None:
    file = encode(photo, "PNG")
    header_end = 8 + 25
    assert difference(file[:header_end] + extra + file[header_end:], file) == 0


# --- TIFF


def with_short_tag(file: bytes, tag: int, value: int) -> bytes:
    """Return a little-endian TIFF with another value of a tag that it has."""
    at = file.find(struct.pack("<HHI", tag, 3, 1))
    assert at > 0
    return file[: at + 8] + struct.pack("<H", value) + file[at + 10 :]


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("bits", [1, 8, 16])
def test_grey_tiffs_are_read_with_either_end_white(photo: Image.Image, bits: int, white_is_zero: bool) -> None:
    grey = photo.convert("1" if bits == 1 else "L")
    values = np.asarray(grey.convert("L"))
    stored = 255 - values if white_is_zero else values
    image = {
        1: lambda: Image.fromarray(stored).convert("1", dither=Image.Dither.NONE),
        8: lambda: Image.fromarray(stored),
        16: lambda: Image.fromarray(stored.astype(np.uint16) * 257),
    }[bits]()
    data = with_short_tag(encode(image, "TIFF"), 262, 0 if white_is_zero else 1)
    assert difference(data, encode(grey.convert("L"), "PNG")) < 0.6


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full((8, 8), 1.5, np.float32), "values from 0 to 1"),
        (np.full((8, 8), -0.5, np.float32), "values from 0 to 1"),
        (np.full((8, 8), np.nan, np.float32), "values from 0 to 1"),
        (np.full((8, 8), 70_000, np.int32), "32-bit .* samples is not supported"),
    ],
)
def test_a_tiff_with_an_unknown_range_is_refused(values: NDArray[np.generic], reason: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=reason):
        decode(encode(Image.fromarray(values), "TIFF"), SIDE, MAX_PIXELS)


def test_a_tiff_palette_with_values_up_to_255_is_read(photo: Image.Image) -> None:
    indexed = photo.quantize(64)
    file = encode(indexed, "TIFF")
    image = Image.open(io.BytesIO(file))
    values = image.tag_v2[320]  # type: ignore[attr-defined]
    large, small = (struct.pack(f"<{len(values)}H", *(value // by for value in values)) for by in (1, 256))
    start = file.find(large)
    assert start > 0
    narrow = file[:start] + small + file[start + len(large) :]
    assert difference(narrow, encode(indexed.convert("RGB"), "PNG")) < 2


def test_pages_of_a_document_are_not_taken_for_a_thumbnail(photo: Image.Image) -> None:
    file = encode(photo, "TIFF", save_all=True, append_images=[Image.new("RGB", (800, 600))])
    assert difference(file, encode(photo, "PNG")) == 0


@pytest.mark.parametrize(("compression", "name"), [(34712, "JPEG 2000"), (34887, "LERC"), (50002, "JPEG XL")])
def test_an_unsupported_compression_of_a_tiff_is_named(photo: Image.Image, compression: int, name: str) -> None:
    file = with_short_tag(encode(photo, "TIFF"), 259, compression)
    with pytest.raises(UnsupportedMediaType, match=f"TIFF with {name} inside is not supported"):
        decode(file, SIDE, MAX_PIXELS)


# --- BMP, animations, other formats


def test_a_bmp_whose_alpha_channel_is_used_keeps_it() -> None:
    file = bytearray(case("bmp-v4-alpha-all-zero.bmp"))
    (pixels,) = struct.unpack_from("<I", file, 10)
    file[pixels + 3] = 255
    assert shown(bytes(file)).mean() > 250


@pytest.mark.parametrize(("image_format", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})])
@pytest.mark.parametrize("blank", [1, 3])
def test_blank_frames_at_the_start_of_an_animation_are_skipped(
    photo: Image.Image, image_format: str, options: dict[str, bool], blank: int
) -> None:
    frames = [Image.new("RGB", photo.size, color) for color in ("white", "black", "red")][:blank]
    file = encode(frames[0], image_format, save_all=True, append_images=[*frames[1:], photo], **options)
    assert difference(file, encode(photo, "PNG")) < 6


def test_an_animation_of_blank_frames_shows_its_first_frame(photo: Image.Image) -> None:
    frames = [Image.new("RGB", photo.size, color) for color in ("white", "black")]
    file = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert shown(file).min() == 255


@pytest.mark.parametrize("kept", [0.25, 0.6, 0.95])
@pytest.mark.parametrize(
    "image_format", ["JPEG", "progressive JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIC"]
)
def test_a_known_format_that_is_cut_short_is_broken_and_not_unknown(
    photo: Image.Image, image_format: str, kept: float
) -> None:
    name = image_format.removeprefix("progressive ")
    file = heic(photo) if name == "HEIC" else encode(photo, name, progressive=name != image_format)
    with pytest.raises(UndecodableImage, match=f"^The {name} is broken or cut short"):
        decode(file[: int(len(file) * kept)], SIDE, MAX_PIXELS)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- made by hand -->\n<svg/>", "SVG"),
        (b"8BPS\0\1", r"Photoshop \(PSD\)"),
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypmp42", "MP4 or QuickTime video"),
        (b"PK\x03\x04", "ZIP"),
        (b"<!DOCTYPE html><html>", "HTML"),
    ],
)
def test_a_known_format_that_is_not_supported_is_named(data: bytes, name: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=f"^{name} is not supported. Supported formats: JPEG"):
        decode(data, SIDE, MAX_PIXELS)
