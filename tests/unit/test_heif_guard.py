"""The guard computes the decoded size of AVIF and HEIC files correctly, without decoding them."""

import contextlib
import io
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from function.errors import TaggerError, TooManyPixels, UndecodableImage
from function.images.decode import decode
from function.images.heif_guard.coded_size import MAX_FILES, MAX_PICTURES, check_coded_size
from function.images.heif_guard.isobmff import MAX_ITEMS, MAX_REFERENCES, read_items
from tools.fuzz.bombs import file_of, heic, one_tile, overlay, tile
from tools.fuzz.heif import Part, box, extent, full_box, grid, heif
from tools.fuzz.mutations import mutate
from tools.fuzz.seeds import pictures

WIDTH, HEIGHT = 320, 240
PIXELS = WIDTH * HEIGHT
PHOTO = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
MEGAPIXEL = 1024 * 1024
EXIF = Image.Exif()
EXIF[0x010E] = "a cat"


def avif(mode: str, **options: Any) -> bytes:
    return file_of(PHOTO.convert(mode), "AVIF", speed=10, **options)


def animation() -> bytes:
    return avif("RGB", save_all=True, append_images=[PHOTO.convert("RGB").rotate(180)] * 3)


def tiled_avif() -> bytes:
    part = Part.first_of(avif("RGB"))
    return heif(b"avif", part, part, grid(1, 2, 2 * WIDTH, HEIGHT, (1, 2)), primary=3)


def tiled_heic() -> bytes:
    part = Part.first_of(heic(PHOTO.convert("RGB")))
    return heif(b"heic", part, part, grid(2, 1, WIDTH, 2 * HEIGHT, (1, 2)), primary=3)


def several_heics() -> bytes:
    file = pillow_heif.from_pillow(PHOTO.convert("RGB"))
    file.add_from_pillow(PHOTO.convert("RGB"))
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "largest"),
    [
        (lambda: avif("L"), PIXELS),
        (lambda: avif("RGB"), PIXELS),
        (lambda: avif("RGB", subsampling="4:4:4"), PIXELS),
        (lambda: avif("RGBA"), PIXELS),
        (lambda: avif("RGB", exif=EXIF, icc_profile=bytes(99)), PIXELS),
        (animation, PIXELS),
        (tiled_avif, 2 * PIXELS),
        (lambda: heic(PHOTO.convert("L")), PIXELS),
        (lambda: heic(PHOTO.convert("RGBA")), PIXELS),
        (several_heics, PIXELS),
        (tiled_heic, 2 * PIXELS),
    ],
)
def test_limit_is_exact_for_files_of_real_encoders(make: Callable[[], bytes], largest: int) -> None:
    check_coded_size(make(), largest)
    with pytest.raises(TooManyPixels):
        check_coded_size(make(), largest - 1)


@pytest.mark.parametrize("make", [tiled_avif, tiled_heic])
def test_grids_built_for_these_tests_are_valid_files(make: Callable[[], bytes]) -> None:
    """Without this test, the tests of grids could pass with invalid files."""
    pillow_heif.register_heif_opener()
    image = Image.open(io.BytesIO(make()))
    assert image.width * image.height == 2 * PIXELS
    image.load()


def test_repeated_tiles_count_as_decoded_pixels() -> None:
    times = MAX_PICTURES * 50
    check_coded_size(heif(b"heic", tile("HEIC"), one_tile(1, times, 1024, 1024), primary=2), 50 * MEGAPIXEL)
    with pytest.raises(TooManyPixels):
        check_coded_size(heif(b"heic", tile("HEIC"), one_tile(1, times + 1, 1024, 1024), primary=2), 50 * MEGAPIXEL)


def test_repeated_tiles_count_as_decoded_bytes() -> None:
    long = replace(tile("HEIC"), data=bytes(1_000_000))
    check_coded_size(heif(b"heic", long, one_tile(1, MAX_FILES, 1024, 1024), primary=2), 50 * MEGAPIXEL)
    with pytest.raises(UndecodableImage, match="same parts too often"):
        check_coded_size(heif(b"heic", long, one_tile(1, MAX_FILES + 1, 1024, 1024), primary=2), 50 * MEGAPIXEL)


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (lambda: heif(b"heic", tile("HEIC"), overlay(8000, 8000, (64, 64)), primary=2), TooManyPixels),
        (lambda: heif(b"heic", tile("HEIC"), one_tile(1, 1, 8000, 8000), primary=2), TooManyPixels),
        (lambda: heif(b"heic", tile("HEIC"), one_tile(1, 1, 64, 64, 2), primary=2), UndecodableImage),
        (lambda: heif(b"heic", replace(tile("HEIC"), kind=b"unci")), UndecodableImage),
        (lambda: heif(b"heic", tile("HEIC"), primary=2), UndecodableImage),
        (lambda: heif(b"heic", *[tile("HEIC")] * (MAX_ITEMS + 1)), UndecodableImage),
        (lambda: heif(b"heic", tile("HEIC"), one_tile(101, MAX_REFERENCES // 100, 64, 64)), UndecodableImage),
        (lambda: heif(b"avif", replace(tile("AVIF"), data=b"\x32\x01\0")), UndecodableImage),
        (lambda: heif(b"avif", replace(tile("AVIF"), data=b"\x0a")), UndecodableImage),
        (lambda: heif(b"avif", replace(tile("AVIF"), data=b"\x0a\x01\0")), UndecodableImage),
        (lambda: heif(b"avif", replace(tile("AVIF"), data=b"\x12" + b"\xff" * 9)), UndecodableImage),
        (lambda: heif(b"avif", replace(tile("AVIF"), data=b"\x12\0" * 10_001)), UndecodableImage),
        (lambda: avif("RGB") + box(b"mini", b""), UndecodableImage),
        (lambda: avif("RGB") * 2, UndecodableImage),
        (lambda: avif("RGB").replace(b"meta", b"free", 1), UndecodableImage),
        (lambda: avif("RGB")[:100], UndecodableImage),
    ],
)
def test_invalid_file_is_refused(file: Callable[[], bytes], error: type[TaggerError]) -> None:
    with pytest.raises(error):
        check_coded_size(file(), 50 * MEGAPIXEL)


@pytest.mark.parametrize("brand", [b"avif", b"avis", b"mif1", b"msf1"])
def test_animation_decodes_to_its_still_image_for_each_brand(brand: bytes) -> None:
    """libavif decodes the frames for all brands except `avif`, but the guard checks only the still image."""
    file = animation()
    still = decode(file[:8] + b"avif" + file[12:], 224, PIXELS)
    picture = decode(file[:8] + brand + file[12:], 224, PIXELS)
    assert picture.format == "AVIF"
    assert picture.image.tobytes() == still.image.tobytes()


def test_two_items_with_the_same_number_are_refused() -> None:
    entry = full_box(b"infe", struct.pack(">HH4sx", 7, 0, b"hvc1"), version=2)
    other = entry.replace(b"hvc1", b"Exif")
    file = one_item(Shape(iloc=1, in_idat=True))
    twice = box(b"meta", bytes(4) + full_box(b"iinf", struct.pack(">H", 2) + entry + other))
    with pytest.raises(UndecodableImage, match="same number"):
        read_items(file[: len(box(b"ftyp", b"heic"))] + twice)


def test_bytes_appended_by_phones_are_ignored() -> None:
    check_coded_size(avif("RGB") + b"\xff\xff\xff\xffSEFT" + bytes(100), PIXELS)
    check_coded_size(avif("RGB") + b"\0\0\0\0mpvd" + bytes(100), PIXELS)


@dataclass(frozen=True)
class Shape:
    """Versions of boxes and sizes of their fields (14496-12, 8.11.3, 8.11.6, 8.11.12; 23008-12, 9.3.2)."""

    iloc: int = 0
    offset: int = 4
    length: int = 4
    base: int = 0
    index: int = 0
    in_idat: bool = False
    wide: bool = False
    long_index: bool = False


def one_item(shape: Shape, kind: bytes = b"hvc1", payload: bytes = b"payload") -> bytes:
    """Return the boxes of one item, numbered 7, of 30 x 20 pixels, in two extents."""
    number = "I" if shape.wide else "H"

    def fields(size: int, value: int) -> bytes:
        return value.to_bytes(size, "big")

    def meta(start: int) -> bytes:
        base, first = (start, 0) if shape.base else (0, start)
        count = struct.pack(">I" if shape.iloc == 2 else ">H", 1)
        location = struct.pack(">HB", shape.offset << 12 | shape.length << 8 | shape.base << 4 | shape.index, 0)[:2]
        location += count + struct.pack(">I" if shape.iloc == 2 else ">H", 7)
        location += (struct.pack(">H", int(shape.in_idat)) if shape.iloc else b"") + bytes(2)
        location += fields(shape.base, base) + struct.pack(">H", 2)
        for offset, length in ((first, 3), (first + 3, len(payload) - 3)):
            location += fields(shape.index if shape.iloc else 0, 0)
            location += fields(shape.offset, offset) + fields(shape.length, length)
        entry = full_box(b"infe", struct.pack(f">{number}H4sx", 7, 0, kind), version=3 if shape.wide else 2)
        link = struct.pack(f">I{number}B", 1, 7, 2) + (b"\x80\x01\0\x02" if shape.long_index else b"\x81\x02")
        return full_box(
            b"meta",
            full_box(b"pitm", struct.pack(f">{number}", 7), version=int(shape.wide))
            + full_box(b"iinf", struct.pack(f">{number}", 1) + entry, version=int(shape.wide))
            + box(
                b"iprp",
                box(b"ipco", extent(30, 20) + box(b"irot", b"\0"))
                + full_box(b"ipma", link, version=int(shape.wide), flags=int(shape.long_index)),
            )
            + full_box(b"iloc", location, version=shape.iloc)
            + (box(b"idat", payload) if shape.in_idat else b""),
        )

    start = box(b"ftyp", b"heic")
    at = 0 if shape.in_idat else len(start) + len(meta(0)) + 8
    return start + meta(at) + box(b"mdat", payload)


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape(offset=8, length=8),
        Shape(base=4),
        Shape(base=8, iloc=1),
        Shape(iloc=1, index=4),
        Shape(iloc=1, in_idat=True),
        Shape(iloc=2, wide=True),
        Shape(iloc=2, wide=True, in_idat=True, index=8, base=8),
        Shape(long_index=True),
        Shape(long_index=True, wide=True, iloc=2),
    ],
    ids=str,
)
def test_all_versions_of_the_boxes_are_read(shape: Shape) -> None:
    items = read_items(one_item(shape))
    assert items.types == {7: b"hvc1"}
    assert items.data == {7: b"payload"}
    assert items.pixels == {7: 600}
    with pytest.raises(TooManyPixels):
        check_coded_size(one_item(shape), 599)
    check_coded_size(one_item(shape), 600)


def test_box_with_64_bit_size_and_box_up_to_the_end_are_read() -> None:
    file = one_item(Shape(iloc=1, in_idat=True))
    start = len(box(b"ftyp", b"heic"))
    meta, mdat = file[start : -len(box(b"mdat", b"payload"))], box(b"mdat", b"payload")
    long = struct.pack(">I4sQ", 1, b"meta", len(meta) + 8) + meta[8:]
    to_the_end = struct.pack(">I", 0) + meta[4:]
    for boxes in (long + mdat, mdat + long, mdat + to_the_end):
        assert read_items(file[:start] + boxes).pixels == {7: 600}


@st.composite
def sequence_headers(draw: st.DrawFn) -> tuple[str, int, int]:
    """Draw the bits of an AV1 sequence header up to the size, and the size (AV1, 5.5.1)."""

    def bits(size: int, value: int | None = None) -> str:
        return f"{draw(st.integers(0, 2**size - 1)) if value is None else value:0{size}b}"

    out = bits(4)
    reduced = draw(st.booleans())
    out += bits(1, reduced)
    if reduced:
        out += bits(5)
    else:
        delay_bits = 0
        timing = draw(st.booleans())
        out += bits(1, timing)
        if timing:
            out += bits(64)
            equal = draw(st.booleans())
            out += bits(1, equal)
            if equal:
                ticks = draw(st.integers(0, 70_000)) + 1
                out += "0" * (ticks.bit_length() - 1) + f"{ticks:b}"
            model = draw(st.booleans())
            out += bits(1, model)
            if model:
                delay_bits = draw(st.integers(1, 32))
                out += bits(5, delay_bits - 1) + bits(42)
        display = draw(st.booleans())
        points = draw(st.integers(1, 4))
        out += bits(1, display) + bits(5, points - 1)
        for _ in range(points):
            level = draw(st.integers(0, 31))
            out += bits(12) + bits(5, level) + (bits(1) if level > 7 else "")
            if timing and delay_bits:
                here = draw(st.booleans())
                out += bits(1, here) + (bits(2 * delay_bits + 1) if here else "")
            if display:
                here = draw(st.booleans())
                out += bits(1, here) + (bits(4) if here else "")
    width, height = draw(st.integers(1, 65_536)), draw(st.integers(1, 65_536))
    longer = [max((side - 1).bit_length(), draw(st.integers(1, 16))) for side in (width, height)]
    out += bits(4, longer[0] - 1) + bits(4, longer[1] - 1)
    return out + bits(longer[0], width - 1) + bits(longer[1], height - 1), width, height


@given(sequence_headers())
def test_size_of_any_av1_sequence_header_is_read(drawn: tuple[str, int, int]) -> None:
    bits, width, height = drawn
    bits += "1" + "0" * (-(len(bits) + 1) % 8)
    header = int(bits, 2).to_bytes(len(bits) // 8, "big")
    file = heif(b"avif", replace(tile("AVIF"), data=bytes([0x0A, len(header)]) + header))
    check_coded_size(file, width * height)
    if width * height > 1:
        with pytest.raises(TooManyPixels):
            check_coded_size(file, width * height - 1)


@given(rng=st.integers().map(random.Random))  # `st.randoms` draws each random byte, which is slow
@settings(max_examples=300, deadline=None)
def test_damaged_files_raise_only_our_errors(rng: random.Random) -> None:
    seeds = [picture for picture in pictures() if picture[4:8] == b"ftyp"]
    with contextlib.suppress(TooManyPixels, UndecodableImage):
        check_coded_size(mutate(rng, rng.choice(seeds), seeds), 50 * MEGAPIXEL)
