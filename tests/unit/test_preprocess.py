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
from function.errors import CheckpointError, TaggerError, TooManyPixels
from function.images.preprocess import preprocess
from function.model.config import PreprocessConfig
from tests.conftest import MAX_PIXELS, encode
from tests.unit.test_formats import UNDO
from tools.fuzz.seeds import pictures

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


@pytest.mark.parametrize("size", [(1, 600), (600, 1), (150, 1000), (1400, 400)])
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


@pytest.mark.parametrize("orientation", UNDO)
def test_exif_orientation_is_applied_to_jpegs_of_reduced_scale(cat_photo: Image.Image, orientation: int) -> None:
    """At half scale the last pixel of each row and column is only half filled. A mirrored image has it first."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = cat_photo.resize((1355, 903), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))
    data = encode(photo.transpose(UNDO[orientation]), "JPEG", quality=98, subsampling=0, exif=exif)
    assert steps_apart(data, photo) < 3.01


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_reports_the_format_and_the_size_of_the_file(cat_photo: Image.Image, image_format: str) -> None:
    decoded = preprocess(encode(cat_photo, image_format), CONFIG, MAX_PIXELS)
    assert (decoded.format, decoded.width, decoded.height) == (image_format, 451, 300)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LA", "RGBA"])
def test_each_mode_is_converted_to_rgb_as_by_pillow(cat_photo: Image.Image, mode: str) -> None:
    image = cat_photo.convert(mode)
    data = encode(image, "TIFF" if mode == "CMYK" else "PNG")
    assert steps_apart(data, image.convert("RGB")) < 1.01


def test_pixel_limit_is_exact() -> None:
    data = encode(noise(30, 20), "PNG")
    assert preprocess(data, CONFIG, 600).width == 30
    with pytest.raises(TooManyPixels, match="30 x 20 pixels; the limit is 599"):
        preprocess(data, CONFIG, 599)


@given(
    st.binary(max_size=400)
    | st.builds(lambda picture, tail: picture[:12] + tail, st.sampled_from(pictures()), st.binary(max_size=400))
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
