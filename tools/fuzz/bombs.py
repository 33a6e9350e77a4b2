"""Decompression bombs: small image files that are as expensive to decode as their format allows.

`BOMBS` has a function that makes each bomb and the answers that the service may give: an error code, or `ok` and the
format if the cost is bounded.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import pillow_heif
from PIL import Image

from tools.fuzz.heif import Part, av1_of_size, box, extent, grid, heif
from tools.make_events import PNG_SIGNATURE, png_header
from tools.make_events import png_chunk as chunk

# The largest image that is accepted, except for a JPEG that is decoded at a reduced scale.
_WIDTH, _HEIGHT = 8160, 6144


@dataclass(frozen=True)
class Bomb:
    """A function that makes a file, and the allowed answers. Only `make fuzz` runs `slow` bombs, which take seconds."""

    make: Callable[[], bytes]
    answers: tuple[str, ...]
    slow: bool = False


def file_of(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """Return `image` as a file of the given format."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def largest(image_format: str, mode: str = "RGB", **options: Any) -> bytes:
    """Return a picture of one colour with the largest accepted number of pixels."""
    return file_of(Image.new(mode, (_WIDTH, _HEIGHT)), image_format, **options)


def heic(image: Image.Image, **options: Any) -> bytes:
    """Return `image` as an HEIC."""
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=10, enc_params={"preset": "ultrafast"}, **options)
    return file.getvalue()


def zeros(count: int) -> bytes:
    """Return `count` zero bytes, deflated."""
    deflate = zlib.compressobj(9)
    block = bytes(1_000_000)
    whole = b"".join(deflate.compress(block) for _ in range(count // len(block)))
    return whole + deflate.compress(bytes(count % len(block))) + deflate.flush()


def png(width: int, height: int, extra: bytes = b"", colour: int = 2, bits: int = 8) -> bytes:
    """Return a PNG of zeros, with `extra` chunks; `colour` 0 is grey, 2 RGB, 3 a palette, 6 RGBA."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    lines = (width * channels * bits // 8 + 1) * height
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zeros(lines)) + chunk(b"IEND", b"")


def png_exif(entries: list[tuple[int, int, int, int]]) -> bytes:
    """Return a PNG whose EXIF has these entries: (tag, type, count, value or offset)."""
    table = b"".join(struct.pack(">HHII", *entry) for entry in entries)
    exif = b"MM\0*" + struct.pack(">IH", 8, len(entries)) + table + bytes(4)
    return png(8, 8, chunk(b"eXIf", exif))


def segment(marker: int, content: bytes) -> bytes:
    """Return one segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_scans(scans: int, width: int = _WIDTH, height: int = _HEIGHT) -> bytes:
    """Return a progressive JPEG with many scans of a few bytes, which all refine the same coefficients."""
    components = b"\1\x11\0\2\x11\0\3\x11\0"
    frame = segment(0xC2, struct.pack(">BHHB", 8, height, width, 3) + components)
    codes = segment(0xC4, b"\0\1" + bytes(16)) + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    start = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + frame + codes
    first, refine = (segment(0xDA, b"\3\1\0\2\0\3\0\0\0" + bits) for bits in (b"\0", b"\x10"))
    return start + first + bytes(16) + refine * (scans - 1) + b"\xff\xd9"


def jpeg_with(head: bytes) -> bytes:
    """Return a small JPEG with `head` inserted after its first marker."""
    data = file_of(Image.new("RGB", (64, 64)), "JPEG")
    return data[:2] + head + data[2:]


def tiff(width: int, height: int, data: bytes, **tags: tuple[int, int, int]) -> bytes:
    """Return a deflated grey TIFF. `tags`, named tag_NUMBER, are (type, count, value) and replace the defaults."""
    offset = 4096
    entries = {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, 1, 8),
        259: (3, 1, 8),
        262: (3, 1, 1),
        273: (4, 1, offset),
        277: (3, 1, 1),
        278: (4, 1, height),
        279: (4, 1, len(data)),
    } | {int(name.removeprefix("tag_")): value for name, value in tags.items()}
    table = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(entries.items()))
    return (b"II*\0" + struct.pack("<IH", 8, len(entries)) + table).ljust(offset, b"\0") + data


def tiff_tiles(width: int, height: int, side: int) -> bytes:
    """Return a TIFF in tiles of `side` x `side` with the data of one tile."""
    data = zeros(side * side)
    tile = {"tag_322": (4, 1, side), "tag_323": (4, 1, side), "tag_324": (4, 1, 4096), "tag_325": (4, 1, len(data))}
    return tiff(width, height, data, **tile)


def gif_with(blocks: bytes) -> bytes:
    """Return a small GIF with `blocks` before its frame."""
    data = file_of(Image.new("P", (8, 8)), "GIF")
    frame = data.index(b",")
    return data[:frame] + blocks + data[frame:]


def gif_frame(width: int, height: int) -> bytes:
    """Return a GIF of 8 x 8 whose frame is `width` x `height`."""
    data = file_of(Image.new("P", (8, 8)), "GIF")
    frame = data.index(b",")
    return data[:frame] + b"," + struct.pack("<HHHH", 0, 0, width, height) + data[frame + 9 :]


def bmp_runs(runs: bytes) -> bytes:
    """Return a run-length BMP. Pillow decodes it slowly, run by run, in Python."""
    header = struct.pack("<IiiHHIIiiII", 40, _WIDTH, _HEIGHT, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + len(runs), 0, 0, 1078) + header + bytes(1024) + runs


@cache
def tile(image_format: str) -> Part:
    """Return a coded image of one megapixel, to build AVIF or HEIC files of."""
    image = Image.linear_gradient("L").convert("RGB").resize((1024, 1024))
    return Part.first_of(file_of(image, "AVIF", speed=10) if image_format == "AVIF" else heic(image))


def avif_of_size(width: int, height: int) -> bytes:
    """Return an AVIF with a coded size of `width` x `height`, whose container declares 1024 x 1024."""
    return heif(b"avif", replace(tile("AVIF"), data=av1_of_size(tile("AVIF").data, width, height)))


def avif_frames(count: int) -> bytes:
    """Return an AVIF with `count` frames of one megapixel."""
    header, frame = (unit(tile("AVIF").data, kind) for kind in (1, 6))
    return heif(b"avif", replace(tile("AVIF"), data=header + frame * count))


def unit(data: bytes, kind: int) -> bytes:
    """Return one unit of an AV1 still image (AV1, 5.3). `kind` 1 is the sequence header, 6 the frame."""
    start = data.index(b"\x0a")
    end = start + 2 + data[start + 1]
    return data[start:end] if kind == 1 else data[end:]


def heic_of(derived: Part, *more: Part) -> bytes:
    """Return an HEIC that shows `derived`. Item 1 is a tile of one megapixel, and the items of `more` follow it."""
    return heif(b"heic", tile("HEIC"), *more, derived, primary=len(more) + 2)


def one_tile(rows: int, columns: int, width: int, height: int, number: int = 1) -> Part:
    """Return a grid that uses item `number` for all of its tiles."""
    return grid(rows, columns, width, height, [number] * (rows * columns))


def padded(file: bytes) -> bytes:
    """Return `file` padded to the largest size of a request."""
    return file + box(b"free", bytes(4_500_000 - 8 - len(file)))


@cache
def noise() -> Part:
    """Return a tile of one megapixel that is slow to decode."""
    image = Image.effect_noise((1024, 1024), 200)
    return Part.first_of(heic(Image.merge("RGB", [image, image.rotate(90), image.rotate(180)])))


def overlay(width: int, height: int, declared: tuple[int, int]) -> Part:
    """Return the tile on a canvas of `width` x `height` that declares another size (23008-12, 6.6.2.2)."""
    data = struct.pack(">BB4HIIii", 0, 1, 0, 0, 0, 0, width, height, 0, 0)
    return Part(b"iovl", data, (extent(*declared),), (1,))


def with_declared_size(data: bytes, declared: tuple[int, int], actual: tuple[int, int]) -> bytes:
    """Return an AVIF or HEIC whose container declares another size than the coded picture has."""
    box = b"ispe\0\0\0\0"
    return data.replace(box + struct.pack(">II", *actual), box + struct.pack(">II", *declared))


_TOO_MANY, _BROKEN = ("too_many_pixels",), ("undecodable_image",)
_REFUSED = (*_TOO_MANY, *_BROKEN, "unsupported_media_type")  # by the service, or by the library that opens the file
_ORIENTED = (0x0112, 3, 1, 6 << 16)
BOMBS: dict[str, Bomb] = {
    # The largest accepted size, which needs most memory.
    "png rgba": Bomb(partial(png, _WIDTH, _HEIGHT, colour=6), ("ok PNG",), slow=True),
    "png rgba 16 bits": Bomb(partial(png, _WIDTH, _HEIGHT, colour=6, bits=16), ("ok PNG",)),
    "webp rgba": Bomb(partial(largest, "WEBP", "RGBA", lossless=True, method=0), ("ok WEBP",)),
    "webp": Bomb(partial(largest, "WEBP", method=0), ("ok WEBP",), slow=True),
    "tiff cmyk": Bomb(partial(largest, "TIFF", "CMYK", compression="tiff_lzw"), ("ok TIFF",), slow=True),
    "gif transparent": Bomb(partial(largest, "GIF", "P", transparency=0), ("ok GIF",)),
    "avif": Bomb(partial(largest, "AVIF", speed=10), ("ok AVIF",), slow=True),
    "jpeg progressive": Bomb(partial(largest, "JPEG", progressive=True, subsampling=0), ("ok JPEG",), slow=True),
    "jpeg of 200 megapixels": Bomb(lambda: file_of(Image.new("L", (16_320, 12_240)), "JPEG"), ("ok JPEG",), slow=True),
    "jpeg of 256 megapixels": Bomb(lambda: file_of(Image.new("L", (16_000, 16_000)), "JPEG"), _TOO_MANY, slow=True),
    "jpeg progressive, 64 megapixels": Bomb(
        lambda: file_of(Image.new("L", (9248, 6936)), "JPEG", progressive=True), _TOO_MANY
    ),
    "png 65,535 wide": Bomb(partial(png, 65_535, 760, colour=6), ("ok PNG",)),
    # More pixels than accepted.
    "png 40,000 x 40,000": Bomb(partial(png_header, 40_000, 40_000), _TOO_MANY),
    "png 50,000,000 high": Bomb(partial(png, 1, 50_000_000, colour=0), _TOO_MANY),
    "png 50,000,000 wide": Bomb(partial(png, 50_000_000, 1, colour=0), _TOO_MANY),
    "png 65,536 high": Bomb(partial(png, 1, 65_536), _TOO_MANY),
    "gif frame beyond its screen": Bomb(partial(gif_frame, 60_000, 60_000), _TOO_MANY),
    "tiff 4,000,000,000 wide": Bomb(partial(tiff, 4_000_000_000, 1, b"\0"), _TOO_MANY),
    "webp 16,383 x 16,383": Bomb(lambda: b"RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0/\xfe\xbf\xff\x0f" + bytes(5), _TOO_MANY),
    # The declared size is small, but decoding is expensive.
    "tiff in one tile of 400 megapixels": Bomb(partial(tiff_tiles, 64, 64, 20_000), _TOO_MANY),
    "tiff in 4,000 tiles": Bomb(partial(tiff_tiles, 4000 * 128, 1, 4096), _TOO_MANY),
    "avif of 8,000 x 8,000 that declares 64 x 64": Bomb(
        lambda: with_declared_size(file_of(Image.new("L", (8000, 8000)), "AVIF", speed=10), (64, 64), (8000, 8000)),
        _TOO_MANY,
        slow=True,
    ),
    "avif of 16,384 x 16,384 that declares 1,024 x 1,024": Bomb(partial(avif_of_size, 16_384, 16_384), _TOO_MANY),
    "avif of 65,536 x 65,536 that declares 1,024 x 1,024": Bomb(partial(avif_of_size, 65_536, 65_536), _TOO_MANY),
    "avif of 7,142 x 7,142 that declares 1,024 x 1,024": Bomb(partial(avif_of_size, 7142, 7142), _TOO_MANY),
    "avif of 7,141 x 7,141 that declares 1,024 x 1,024": Bomb(partial(avif_of_size, 7141, 7141), _BROKEN),
    "avif of 146 frames": Bomb(partial(avif_frames, 146), _TOO_MANY),
    "avif of 145 frames": Bomb(partial(avif_frames, 145), ("ok AVIF",)),
    "avif animation of 8,000 x 8,000 that declares 64 x 64": Bomb(
        lambda: with_declared_size(
            file_of(
                Image.new("L", (8000, 8000)),
                "AVIF",
                speed=10,
                save_all=True,
                append_images=[Image.new("L", (8000, 8000), 255)],
            ),
            (64, 64),
            (8000, 8000),
        ),
        _TOO_MANY,
        slow=True,
    ),
    "heic whose grid uses one tile 143 times": Bomb(
        lambda: padded(heic_of(one_tile(11, 13, 7000, 7000))), ("ok HEIF",)
    ),
    "heic whose grid uses one tile 146 times": Bomb(lambda: padded(heic_of(one_tile(2, 73, 7000, 7000))), _TOO_MANY),
    "heic whose grid uses one tile of noise 26 times": Bomb(
        lambda: padded(heif(b"heic", noise(), one_tile(2, 13, 13000, 2000), primary=2)), ("ok HEIF",)
    ),
    "heic whose grid uses one tile of noise 28 times": Bomb(
        lambda: padded(heif(b"heic", noise(), one_tile(4, 7, 7000, 4000), primary=2)), _BROKEN
    ),
    "heic whose grid uses one tile 20,000 times": Bomb(
        lambda: heic_of(replace(one_tile(100, 200, 7000, 7000), properties=(extent(64, 64),))), _REFUSED
    ),
    "heic of grids of grids": Bomb(
        lambda: heic_of(one_tile(10, 10, 1024, 1024, 3), one_tile(10, 10, 1024, 1024), one_tile(10, 10, 1024, 1024, 2)),
        _REFUSED,
    ),
    "heic made of itself": Bomb(lambda: heic_of(one_tile(1, 1, 1024, 1024, 2)), _REFUSED),
    "heic whose canvas of 20,000 x 20,000 declares 64 x 64": Bomb(
        lambda: heic_of(overlay(20_000, 20_000, (64, 64))), _TOO_MANY
    ),
    "heic of 1,100 items": Bomb(lambda: heif(b"heic", *[replace(tile("HEIC"), data=b"")] * 1100), _REFUSED),
    "heic of 8,000 x 8,000": Bomb(lambda: heic(Image.new("L", (8000, 8000))), _TOO_MANY, slow=True),
    "heic": Bomb(lambda: heic(Image.new("RGB", (_WIDTH, _HEIGHT))), ("ok HEIF",), slow=True),
    "heic rgba": Bomb(lambda: heic(Image.new("RGBA", (_WIDTH, _HEIGHT))), ("ok HEIF",), slow=True),
    "avif rgba": Bomb(partial(largest, "AVIF", "RGBA", speed=10), ("ok AVIF",), slow=True),
    "heic with a profile of 4 MB": Bomb(
        lambda: heic_of(
            replace(
                one_tile(1, 1, 1024, 1024),
                properties=(extent(1024, 1024), box(b"colr", b"prof" + bytes(4_000_000))),
            )
        ),
        ("ok HEIF", *_REFUSED),
    ),
    "avif in 2,200,000 units": Bomb(lambda: heif(b"avif", replace(tile("AVIF"), data=b"\x12\0" * 2_200_000)), _BROKEN),
    "avif in a minimized box": Bomb(
        lambda: box(b"ftyp", b"avif" + bytes(4) + b"avifmif3") + box(b"mini", bytes(64)), _REFUSED
    ),
    "heic of 4,096 x 4,096 that declares 64 x 64": Bomb(
        lambda: with_declared_size(heic(Image.new("L", (4096, 4096))), (64, 64), (4096, 4096)), _BROKEN
    ),
    "png whose pixels inflate to 200 MB": Bomb(
        lambda: (
            PNG_SIGNATURE
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zeros(200_000_000))
            + chunk(b"IEND", b"")
        ),
        ("ok PNG",),
    ),
    # Millions of small parts.
    "jpeg of 12,000 scans": Bomb(partial(jpeg_scans, 12_000), _BROKEN),
    "jpeg of 101 scans": Bomb(partial(jpeg_scans, 101), _BROKEN),
    "jpeg of 100 scans": Bomb(partial(jpeg_scans, 100), ("ok JPEG",)),
    "jpeg of 1,100,000 segments": Bomb(lambda: jpeg_with(b"\xff\xe5\0\2" * 1_100_000), _BROKEN),
    "jpeg of 1,100,000 comments": Bomb(lambda: jpeg_with(b"\xff\xfe\0\2" * 1_100_000), _BROKEN),
    "jpeg with 4,400,000 fill bytes": Bomb(lambda: jpeg_with(b"\xff" * 4_400_000), _BROKEN),
    "jpeg with 2,200,000 restarts": Bomb(lambda: jpeg_with(b"\xff\xd0" * 2_200_000), _BROKEN),
    "png of 370,000 chunks": Bomb(lambda: png(8, 8, chunk(b"abCd", b"") * 370_000), ("ok PNG",)),
    "png with 4,000 profiles": Bomb(lambda: png(8, 8, chunk(b"iCCP", b"a\0\0" + zeros(1_000_000)) * 4000), ("ok PNG",)),
    "gif of 880,000 comments": Bomb(lambda: gif_with(b"!\xfe\1a\0" * 880_000), _BROKEN),
    "gif comment of 4 MB": Bomb(lambda: gif_with(b"!\xfe" + (b"\xff" + b"a" * 255) * 17_000 + b"\0"), ("ok GIF",)),
    "bmp of 2,200,000 runs": Bomb(lambda: bmp_runs(b"\1\0" * 2_200_000), _BROKEN),
    "bmp of 2,200,000 lines": Bomb(lambda: bmp_runs(b"\0\0" * 2_200_000), _BROKEN),
    # Large metadata.
    "png text that inflates to 60 MB, 70 times": Bomb(
        lambda: png(8, 8, chunk(b"zTXt", b"a\0\0" + zeros(60_000_000)) * 70), ("ok PNG",)
    ),
    "png profile that inflates to a gigabyte": Bomb(
        lambda: png(8, 8, chunk(b"iCCP", b"a\0\0" + zeros(200_000_000))), ("ok PNG",)
    ),
    "png exif of 4 MB": Bomb(lambda: png(8, 8, chunk(b"eXIf", b"MM\0*\0\0\0\x08" + b"\xff" * 4_400_000)), ("ok PNG",)),
    "png exif of 65,000 invalid entries": Bomb(
        lambda: png_exif([_ORIENTED, *((0x0113 + i, 5, 80_000, 8) for i in range(65_000 - 0x0113))]), ("ok PNG",)
    ),
    "png exif that is broken after the orientation": Bomb(
        lambda: png_exif([_ORIENTED, (0x8769, 4, 1, 0xFFFFFFFF)]), ("ok PNG",)
    ),
    "jpeg exif of 4 MB": Bomb(lambda: jpeg_with(segment(0xE1, b"Exif\0\0".ljust(65_533, b"a")) * 68), ("ok JPEG",)),
    "tiff tag of 4 GB": Bomb(
        lambda: tiff(8, 8, zeros(64), tag_34675=(7, 0x7FFFFFFF, 100), tag_700=(1, 0xFFFFFFFF, 0)), ("ok TIFF",)
    ),
    "tiff of 300,000 strips": Bomb(
        lambda: tiff(
            4, 300_000, bytes(1_200_000), tag_278=(4, 1, 1), tag_273=(4, 300_000, 4096), tag_279=(4, 300_000, 4096)
        ),
        (*_TOO_MANY, *_BROKEN),
    ),
}
