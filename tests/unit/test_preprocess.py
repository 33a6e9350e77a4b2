"""Preprocessing returns the same pixels as Transformers, and raises only TaggerError for invalid bytes."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from transformers import CLIPImageProcessorPil

from function.clip.normalise import Normalise
from function.errors import CheckpointError, TaggerError, TooManyPixels, UndecodableImage, UnsupportedMediaType
from function.images.preprocess import preprocess
from function.model.config import PreprocessConfig
from tests.conftest import MAX_PIXELS, encode
from tools.make_events import png_header

REFERENCE = CLIPImageProcessorPil()
CONFIG = PreprocessConfig.from_hugging_face(REFERENCE.to_dict())
# One step of an 8-bit value, after normalisation with CLIP's smallest standard deviation.
ONE_STEP = 1 / 255 / min(CONFIG.std)


def reference_pixels(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(REFERENCE(image)["pixel_values"][0]))


def prepared_pixels(data: bytes) -> torch.Tensor:
    """Return the encoder's input for an image file, shape (3, 224, 224)."""
    return Normalise(CONFIG)([preprocess(data, CONFIG, MAX_PIXELS).planes])[0]


def steps_apart(data: bytes, image: Image.Image) -> float:
    """Return the largest difference from the reference, in steps of the 8-bit values."""
    std = torch.tensor(CONFIG.std).view(3, 1, 1)
    pixels = prepared_pixels(data)
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous()
    return float(((pixels - reference_pixels(image)) * std * 255).abs().max())


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_agrees_with_transformers_on_a_photo(cat_photo: Image.Image, cat_png: bytes) -> None:
    assert steps_apart(cat_png, cat_photo) < 0.01


@given(short=st.integers(1, 500), aspect=st.floats(1, 2), portrait=st.booleans(), seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_agrees_with_transformers_for_any_size(short: int, aspect: float, portrait: bool, seed: int) -> None:
    size = (short, int(short * aspect))
    image = noise(*(size if portrait else size[::-1]), seed)
    assert steps_apart(encode(image, "PNG"), image) < 0.01


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (223, 225), (224, 224), (448, 447)])
def test_agrees_with_transformers_at_the_edges(size: tuple[int, int]) -> None:
    image = noise(*size)
    assert steps_apart(encode(image, "PNG"), image) < 0.01


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (150, 1000), (1400, 400)])
def test_agrees_with_transformers_on_strips(cat_photo: Image.Image, size: tuple[int, int]) -> None:
    """Only the crop of a strip is resized, so some values are rounded differently."""
    image = cat_photo.resize(size)
    assert steps_apart(encode(image, "PNG"), image) < 2.01


@pytest.mark.parametrize("size", [(451, 300), (1353, 900), (2255, 1500), (3001, 2003)])
def test_reduced_jpeg_decoding_is_within_three_steps(cat_photo: Image.Image, size: tuple[int, int]) -> None:
    photo = cat_photo.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(size[0] / 2000))
    data = encode(photo, "JPEG", quality=92)
    assert steps_apart(data, Image.open(io.BytesIO(data))) < 3.01


def test_large_jpegs_are_decoded_at_a_reduced_scale(cat_photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    original = Image.Image.resize

    def resize(image: Image.Image, *arguments: Any) -> Image.Image:
        decoded.append(image.size)
        return original(image, *arguments)

    data = encode(cat_photo.resize((3608, 2400)), "JPEG")
    monkeypatch.setattr(Image.Image, "resize", resize)
    preprocess(data, CONFIG, MAX_PIXELS)
    assert set(decoded) == {(902, 600)}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(cat_photo: Image.Image, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation

    def stored(picture: Image.Image) -> Image.Image:
        return picture.transpose(undo[orientation]) if orientation in undo else picture

    assert steps_apart(encode(stored(cat_photo), "PNG", exif=exif), cat_photo) < 0.01
    # At half scale the last pixel of each row and column is only half filled. A mirrored image has it first.
    photo = cat_photo.resize((1355, 903), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))
    data = encode(stored(photo), "JPEG", quality=98, subsampling=0, exif=exif)
    assert steps_apart(data, photo) < 3.01


def test_transparent_pixels_become_white(cat_photo: Image.Image) -> None:
    transparent = cat_photo.convert("RGBA")
    transparent.putalpha(0)
    white = Image.new("RGB", cat_photo.size, "white")
    assert steps_apart(encode(transparent, "PNG"), white) == pytest.approx(0, abs=0.01)
    assert steps_apart(encode(transparent, "WEBP", lossless=True), white) == pytest.approx(0, abs=0.01)


def test_16_bit_values_are_scaled_to_8_bits(cat_photo: Image.Image) -> None:
    grey = cat_photo.convert("L")
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert steps_apart(encode(wide, "PNG"), grey.convert("RGB")) < 1.01


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LA", "RGBA"])
def test_each_mode_is_converted_to_rgb_as_by_pillow(cat_photo: Image.Image, mode: str) -> None:
    image = cat_photo.convert(mode)
    data = encode(image, "TIFF" if mode == "CMYK" else "PNG")
    assert steps_apart(data, image.convert("RGB")) < 1.01


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_each_format_is_decoded(cat_photo: Image.Image, image_format: str) -> None:
    data = encode(cat_photo, image_format)
    decoded = preprocess(data, CONFIG, MAX_PIXELS)
    assert (decoded.format, decoded.width, decoded.height) == (image_format, 451, 300)
    assert steps_apart(data, Image.open(io.BytesIO(data)).convert("RGB")) < 3


def test_heic_is_decoded(cat_photo: Image.Image) -> None:
    import pillow_heif  # noqa: PLC0415

    data = io.BytesIO()
    pillow_heif.from_pillow(cat_photo).save(data, quality=95)
    decoded = preprocess(data.getvalue(), CONFIG, MAX_PIXELS)
    assert (decoded.format, decoded.width, decoded.height) == ("HEIF", 451, 300)
    assert (prepared_pixels(data.getvalue()) - reference_pixels(cat_photo)).abs().mean() < 3 * ONE_STEP


@pytest.mark.parametrize("data", [b"", b"GIF", b"This is a text.", b"%PDF-1.7\n", b"\x00" * 1000])
def test_bytes_that_are_not_an_image_are_an_unsupported_type(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="Supported formats: JPEG, PNG"):
        preprocess(data, CONFIG, MAX_PIXELS)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_truncated_file_is_refused(cat_photo: Image.Image, image_format: str) -> None:
    data = encode(cat_photo, image_format)
    with pytest.raises((UndecodableImage, UnsupportedMediaType)):
        preprocess(data[: len(data) // 2], CONFIG, MAX_PIXELS)


def test_too_many_pixels_are_refused_before_decoding() -> None:
    with pytest.raises(TooManyPixels):
        preprocess(png_header(40_000, 40_000), CONFIG, MAX_PIXELS)


def test_pixel_limit_is_exact() -> None:
    data = encode(noise(30, 20), "PNG")
    assert preprocess(data, CONFIG, 600).width == 30
    with pytest.raises(TooManyPixels, match="30 x 20 pixels; the limit is 599"):
        preprocess(data, CONFIG, 599)


@given(
    st.binary(max_size=400)
    | st.builds(
        lambda head, tail: head + tail,
        st.sampled_from(
            [
                b"\xff\xd8\xff\xe0",
                b"\x89PNG\r\n\x1a\n",
                b"GIF89a",
                b"RIFF\x10\x00\x00\x00WEBPVP8 ",
                b"BM",
                b"II*\x00",
                b"\x00\x00\x00\x18ftypheic",
                b"\x00\x00\x00\x18ftypavif",
            ]
        ),
        st.binary(max_size=400),
    )
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_raise_only_our_errors(data: bytes) -> None:
    with pytest.raises(TaggerError):
        preprocess(data, CONFIG, MAX_PIXELS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"do_center_crop": False}, "do_center_crop"),
        ({"size": {"height": 224, "width": 224}}, "size"),
        ({"crop_size": {"height": 224, "width": 200}}, "crop_size"),
        ({"crop_size": {"height": 300, "width": 300}}, "larger than size"),
        ({"image_mean": [0.5]}, "image_mean"),
    ],
)
def test_unsupported_preprocessing_setting_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        PreprocessConfig.from_hugging_face({**REFERENCE.to_dict(), **change})
