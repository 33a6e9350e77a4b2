"""The text encoder computes what Transformers computes, and caches embeddings within bounds."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from function.clip.text_encoder import TextEncoder, TextTower
from function.model.baked_folder import BakedModel
from function.model.config import TextConfig
from function.model.weight_shapes import text_shapes
from tests.support.towers import (
    TOLERANCE,
    WAYS,
    config_of,
    in_half_precision,
    shapes,
    text_embeddings,
    weights_for,
    with_random_weights,
)

WORDS = ["a cat", "a photo of a very long-haired cat that sits on a sofa", "", "Katze 猫 🐈", "x" * 75]
SMALL = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 300}


def reference_tower(**fields: object) -> CLIPTextModelWithProjection:
    """Return a text tower with random weights, biases and norms included."""
    torch.manual_seed(0)
    return with_random_weights(CLIPTextModelWithProjection(CLIPTextConfig(**fields)), matrices_std=0.05)


tower_config = partial(config_of, kind=TextConfig)


def embeddings(model: CLIPTextModelWithProjection, texts: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the reference embeddings, one text at a time, so without padding."""
    with torch.inference_mode():
        rows = [model(torch.tensor([text])).text_embeds for text in texts]
    return F.normalize(torch.cat(rows), dim=-1)


def random_tokens(lengths: Sequence[int], end: int) -> list[list[int]]:
    """Return texts of these lengths; ids are below `end`, and the last one is `end`."""
    generator = torch.Generator().manual_seed(1)
    return [[*torch.randint(0, end, (length - 1,), generator=generator).tolist(), end] for length in lengths]


def test_agrees_with_transformers_at_full_size() -> None:
    """The shape of openai/clip-vit-base-patch32, which is the default of `CLIPTextConfig`."""
    model = reference_tower()
    in_half_precision(model)
    texts = random_tokens([8, 2, 77, 8, 1, 11], end=49407)
    expected = embeddings(model, texts)
    for way in ("halves", "oneDNN"):
        with weights_for(way, model) as weights:
            actual = TextTower(weights, tower_config(model), threads=2)(texts)
        torch.testing.assert_close(actual, expected, atol=TOLERANCE, rtol=0)


@st.composite
def towers(draw: st.DrawFn) -> dict[str, object]:
    """Draw the shape of a small text tower."""
    vocab_size = draw(st.integers(4, 600))
    return draw(shapes()) | {
        "vocab_size": vocab_size,
        "max_position_embeddings": draw(st.integers(2, 90)),
        "eos_token_id": draw(st.sampled_from([2, vocab_size - 1])),
    }


@pytest.mark.parametrize("way", WAYS)
@given(tower=towers(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_agrees_with_transformers_for_any_tower(way: str, tower: dict[str, object], data: st.DataObject) -> None:
    model = reference_tower(**tower)
    config = tower_config(model)
    lengths = data.draw(st.lists(st.integers(1, config.max_position_embeddings), min_size=1, max_size=8))
    texts = random_tokens(lengths, end=config.vocab_size - 1)
    with weights_for(way, model) as weights:
        encode = TextTower(weights, config)
    for _ in range(2):
        torch.testing.assert_close(encode(texts), embeddings(model, texts), atol=TOLERANCE, rtol=0)


def test_keeps_the_token_embeddings_where_they_are() -> None:
    model = reference_tower(**SMALL)
    weights = in_half_precision(model)
    tower = TextTower(weights, tower_config(model))
    table = weights["text_model.embeddings.token_embedding.weight"]
    texts = random_tokens([5], end=299)
    before = tower(texts)
    table.zero_()
    assert not torch.allclose(tower(texts), before)


def test_text_shapes_are_those_of_transformers() -> None:
    model = reference_tower(**SMALL)
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    assert text_shapes(tower_config(model)) == shapes


def baked_encoder(folder: Path, **options: int) -> TextEncoder:
    model = BakedModel.open(folder)
    return TextEncoder(model.text_weights(), folder / "tokenizer.json", model.manifest.text, **options)


@pytest.fixture
def encoder(small_model: Path) -> TextEncoder:
    return baked_encoder(small_model)


def test_texts_get_the_embeddings_that_transformers_gives(encoder: TextEncoder, small_checkpoint: Path) -> None:
    torch.testing.assert_close(encoder(WORDS), text_embeddings(small_checkpoint, WORDS), atol=TOLERANCE, rtol=0)


def test_loads_at_first_use_and_once(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = encoder.is_loaded
    encoder.load()
    assert (before, encoder.is_loaded) == (False, True)
    monkeypatch.setattr("function.clip.text_encoder.TextTower", None)
    encoder.load()
    encoder(["a cat"])


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each call of a text tower encodes."""
    sizes: list[int] = []
    original = TextTower.__call__

    def encode(tower: TextTower, texts: Sequence[Sequence[int]]) -> torch.Tensor:
        sizes.append(len(texts))
        return original(tower, texts)

    monkeypatch.setattr(TextTower, "__call__", encode)
    return sizes


def test_texts_that_are_not_cached_are_one_batch(encoder: TextEncoder, batches: list[int]) -> None:
    first = encoder(["a", "b", "a"])
    again = encoder(["b", "c", "a", "d"])
    assert batches == [2, 2]
    assert torch.equal(first[0], first[2])
    assert torch.equal(again[[2, 0]], first[:2])


def test_the_cache_is_bounded_and_drops_the_texts_used_least_recently(
    small_model: Path, small_checkpoint: Path, batches: list[int]
) -> None:
    encoder = baked_encoder(small_model, cached_texts=3)
    for texts in (["a", "b", "c"], ["a"], ["d"], ["c", "a", "d"], ["b"]):
        encoder(texts)
    assert batches == [3, 1, 1]
    many = [f"label {i}" for i in range(10)]
    torch.testing.assert_close(encoder(many), text_embeddings(small_checkpoint, many), atol=TOLERANCE, rtol=0)
    encoder(many[-3:])
    assert batches == [3, 1, 1, 10]


def test_the_cache_holds_no_more_than_the_embeddings(encoder: TextEncoder) -> None:
    encoder(["a", "b", "c"])
    assert {row.untyped_storage().nbytes() for row in encoder._cache.values()} == {24 * 4}
