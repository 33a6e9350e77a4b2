"""The undamaged inputs of the fuzzer: small pictures in every supported format and mode, and requests with pictures."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from PIL import Image

from tools.fuzz.bombs import file_of, heic
from tools.fuzz.heif import Part, grid, heif
from tools.make_events import PICTURE, Request, alb_event, function_url_event, http_event, multipart, rest_event

_MULTIPART = "multipart/form-data; boundary=pet-tagger-boundary"
_DOORS: tuple[Callable[[Request], dict[str, Any]], ...] = (rest_event, http_event, function_url_event, alb_event)


@cache  # encoders with several threads may write different bytes each time
def pictures() -> list[bytes]:
    """Return the files of all pictures. The order does not change."""
    photo = Image.open(PICTURE).convert("RGB").resize((48, 40))
    return [*_plain(photo), *_wrapped(photo)]


def _plain(photo: Image.Image) -> Iterator[bytes]:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield file_of(photo.convert("L").convert("I").convert(mode) if mode == "I;16" else photo.convert(mode), "PNG")
    for mode in ("1", "L", "P", "RGB"):
        yield file_of(photo.convert(mode), "BMP")
    for mode in ("L", "RGB", "CMYK"):
        yield file_of(photo.convert(mode), "JPEG")
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield file_of(photo, "TIFF", compression=compression)
    yield file_of(photo.convert("1"), "TIFF", compression="group4")
    yield file_of(photo.convert("CMYK"), "TIFF", compression="tiff_lzw")
    yield file_of(photo.convert("P"), "GIF")
    yield file_of(photo, "WEBP")
    yield file_of(photo.convert("RGBA"), "WEBP", lossless=True)
    yield file_of(photo, "AVIF", speed=10)
    yield file_of(photo.convert("RGBA"), "AVIF", speed=10)
    yield heic(photo)
    yield heic(photo.convert("RGBA"))
    tiles = (
        Part.first_of(file_of(photo.resize((64, 64)), "AVIF", speed=10)),
        Part.first_of(heic(photo.resize((64, 64)))),
    )
    for brand, tile in zip((b"avif", b"heic"), tiles, strict=True):
        yield heif(brand, tile, tile, grid(1, 2, 128, 64, (1, 2)), primary=3)


def _wrapped(photo: Image.Image) -> Iterator[bytes]:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a cat"
    for image_format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        yield file_of(photo, image_format, exif=exif)
    yield file_of(photo, "JPEG", progressive=True, icc_profile=b"profile" * 40, comment="a cat")
    later = [Image.new("RGB", photo.size, colour) for colour in ("red", "blue")]
    for image_format in ("GIF", "WEBP", "PNG", "AVIF", "MPO"):
        yield file_of(photo, image_format, save_all=True, append_images=later)


def events() -> list[dict[str, Any]]:
    """Return events of each front door, for each way to send a picture and for some other requests."""
    picture = file_of(Image.open(PICTURE).resize((48, 40)), "JPEG")
    form = multipart(("file", "cat.jpg", picture), ("top_k", None, b"3"), ("candidate_labels", None, b"a cat, a dog"))
    requests = [
        Request("POST", "/tag", form, _MULTIPART),
        Request("POST", "/tag", form, f"{_MULTIPART}; charset=utf-8"),
        Request("POST", "/tag", picture, "image/jpeg", {"top_k": "3", "min_score": "0.1"}),
        Request("POST", "/tag", b'{"inputs": "R0lGODlhAQABAAAAACw=", "parameters": {"top_k": 3}}', "application/json"),
        Request("POST", "/embed", b'{"texts": ["a cat", "a dog"]}', "application/json"),
        Request("POST", "/embed", picture, "application/octet-stream"),
        Request(path="/health"),
        Request(path="/docs"),
        Request(path="/"),
    ]
    return [door(request) for door in _DOORS for request in requests]
