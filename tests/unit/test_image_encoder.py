"""The image encoder computes what Transformers computes, on every path, for every shape of tower."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from function.clip import linear
from function.clip.image_encoder import DtypeName, ImageEncoder
from function.clip.weight_reader import Matrix
from function.errors import CheckpointError
from function.model.config import VisionConfig
from function.model.tensor_file import TensorFile
from function.model.weight_shapes import vision_shapes
from tests.support.towers import (
    TOLERANCE,
    WAYS,
    config_of,
    in_half_precision,
    shapes,
    weights_for,
    with_random_weights,
)

SMALL = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "image_size": 32, "patch_size": 16}


def reference_model(**fields: Any) -> CLIPVisionModelWithProjection:
    """Return a vision tower with random weights, biases and norms included."""
    torch.manual_seed(0)
    return with_random_weights(CLIPVisionModelWithProjection(CLIPVisionConfig(**fields)))


vision_config = partial(config_of, kind=VisionConfig)


def embeddings(model: CLIPVisionModelWithProjection, pixels: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return F.normalize(model(pixels).image_embeds, dim=-1)


@pytest.fixture(scope="module")
def full_size() -> tuple[CLIPVisionModelWithProjection, torch.Tensor, torch.Tensor]:
    """A model in the shape of openai/clip-vit-base-patch32, also with matrices in half precision; pixels; embeddings.

    The shape is the default of `CLIPVisionConfig`.
    """
    model = reference_model()
    in_half_precision(model)
    pixels = torch.randn(3, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    return model, pixels, embeddings(model, pixels)


@pytest.mark.parametrize("way", ["halves", "oneDNN"])
def test_agrees_with_transformers_at_full_size(full_size: Any, way: str) -> None:
    model, pixels, expected = full_size
    with weights_for(way, model) as weights:
        encoder = ImageEncoder(weights, vision_config(model))
    for n in (1, 3):
        torch.testing.assert_close(encoder(pixels[:n]), expected[:n], atol=TOLERANCE, rtol=0)


def test_bfloat16_stays_close_at_full_size(full_size: Any) -> None:
    model, pixels, expected = full_size
    encoder = ImageEncoder(model.state_dict(), vision_config(model), "bfloat16")
    cosines = (encoder(pixels) * expected).sum(dim=-1)
    assert cosines.min() >= 0.9998


@st.composite
def towers(draw: st.DrawFn) -> dict[str, object]:
    """Draw the shape of a small vision tower, its image not always a whole number of patches."""
    patch = draw(st.integers(2, 9))
    image = patch * draw(st.integers(1, 5)) + draw(st.integers(0, patch - 1))
    return draw(shapes()) | {"patch_size": patch, "image_size": image}


@pytest.mark.parametrize("way", WAYS)
@given(tower=towers(), n=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_agrees_with_transformers_for_any_tower(way: str, tower: dict[str, object], n: int) -> None:
    model = reference_model(**tower)
    pixels = torch.randn(n, 3, model.config.image_size, model.config.image_size)
    with weights_for(way, model) as weights:
        encoder = ImageEncoder(weights, vision_config(model))
    expected = embeddings(model, pixels)
    for _ in range(2):
        torch.testing.assert_close(encoder(pixels), expected, atol=TOLERANCE, rtol=0)


def test_half_precision_weights_are_multiplied_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product with the identity matrix returns every finite half-precision value exactly."""
    halves = torch.arange(1 << 16).to(torch.uint16).view(torch.float16)
    values = halves[halves.isfinite()].float().repeat(2)[: 48 * 1024].view(1024, 48)
    monkeypatch.setattr(linear, "multiplies_halves", lambda _: True)
    product = linear.linear(Matrix(values, is_half=True), torch.zeros(1024))
    assert torch.equal(product(torch.eye(48)), values.T)


@pytest.mark.parametrize(
    ("capability", "dtype", "expected"),
    [
        ("AVX2", torch.float32, True),
        ("AVX2", torch.bfloat16, False),
        ("AVX512", torch.float32, False),
        ("DEFAULT", torch.float32, False),
    ],
)
def test_half_precision_is_kept_if_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, capability: str, dtype: torch.dtype, expected: bool
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert linear.multiplies_halves.__wrapped__(dtype) == expected


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_packing_with_several_threads_gives_equal_embeddings(tmp_path: Path, dtype: DtypeName) -> None:
    model = reference_model(**{**SMALL, "num_hidden_layers": 12})
    weights = in_half_precision(model)
    save_file(weights, tmp_path / "vision.safetensors")
    pixels = torch.randn(2, 3, 32, 32)
    expected = ImageEncoder(weights, vision_config(model), dtype)(pixels)
    for _ in range(20):
        stored = TensorFile(tmp_path / "vision.safetensors", vision_shapes(vision_config(model)))
        assert torch.equal(ImageEncoder(stored, vision_config(model), dtype, threads=8)(pixels), expected)


def test_encoder_copies_the_weights() -> None:
    model = reference_model(**SMALL)
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    encoder = ImageEncoder(weights, vision_config(model))
    pixels = torch.randn(1, 3, 32, 32)
    before = encoder(pixels)
    for weight in weights.values():
        if weight.is_floating_point():
            weight.zero_()
    assert torch.equal(encoder(pixels), before)


def test_expected_shapes_are_those_of_transformers() -> None:
    model = reference_model(**SMALL)
    expected = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    assert vision_shapes(vision_config(model)) == expected


def test_refuses_an_activation_it_does_not_compute() -> None:
    model = reference_model(num_hidden_layers=1, hidden_act="relu")
    with pytest.raises(CheckpointError, match="'relu' is not one of quick_gelu, gelu"):
        vision_config(model)


def test_packed_linear_is_used_if_torch_has_onednn() -> None:
    assert linear.has_packed_linear(torch.float32) == torch._C._has_mkldnn


@pytest.mark.parametrize(("multiplies", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_selects_bfloat16_if_the_cpu_supports_it(
    monkeypatch: pytest.MonkeyPatch, multiplies: bool, expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: multiplies)
    model = reference_model(**SMALL)
    assert ImageEncoder(model.state_dict(), vision_config(model), "auto").dtype == expected
