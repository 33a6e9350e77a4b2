"""Texts get the embeddings that Transformers gives, one batch a request, and are remembered within bounds."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from transformers import CLIPModel, CLIPTokenizer

from function.clip.text_encoder import TextEncoder

WORDS = ["a cat", "a photo of a very long-haired cat that sits on a sofa", "", "Katze 猫 🐈", "x" * 200]


def reference(checkpoint: Path, texts: Sequence[str]) -> torch.Tensor:
    """Return the embeddings one text at a time: what padding does to a batch must not show."""
    model = CLIPModel.from_pretrained(checkpoint).eval()
    tokenizer = CLIPTokenizer.from_pretrained(checkpoint)
    rows = []
    with torch.inference_mode():
        for text in texts:
            tokens = tokenizer([text], truncation=True, max_length=77, return_tensors="pt")
            rows.append(model.get_text_features(**tokens).pooler_output[0])
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


@pytest.fixture
def encoder(small_model: Path) -> TextEncoder:
    return TextEncoder(small_model / "text")


@pytest.fixture
def batches(encoder: TextEncoder) -> Iterator[list[list[str]]]:
    """The batches that `encoder` really encodes."""
    seen: list[list[str]] = []
    original = encoder._encode

    def encode(texts: list[str]) -> torch.Tensor:
        seen.append(texts)
        return original(texts)

    with patch.object(encoder, "_encode", encode):
        yield seen


def test_agrees_with_transformers_whatever_the_length(encoder: TextEncoder, small_checkpoint: Path) -> None:
    torch.testing.assert_close(encoder(WORDS), reference(small_checkpoint, WORDS), atol=1e-4, rtol=0)


def test_has_unit_length(encoder: TextEncoder) -> None:
    embeddings = encoder(WORDS)
    assert embeddings.shape == (len(WORDS), 24)
    assert embeddings.dtype == torch.float32
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(len(WORDS)))


def test_what_is_too_long_is_cut(encoder: TextEncoder) -> None:
    """77 tokens hold the two marks and, as this tokenizer has a token a letter, 75 words of one."""
    cut, longer, shorter = encoder(["y " * 75, "y " * 100, "y " * 74])
    torch.testing.assert_close(cut, longer)
    assert (cut - shorter).abs().max() > 1e-3


def test_loads_at_first_use_and_once(encoder: TextEncoder) -> None:
    before = encoder.is_loaded
    encoder.load()
    assert (before, encoder.is_loaded) == (False, True)
    with patch("transformers.CLIPTextModelWithProjection.from_pretrained", side_effect=AssertionError("loaded again")):
        encoder.load()
        encoder(["a cat"])


def test_one_request_is_one_batch_of_what_is_not_known(encoder: TextEncoder, batches: list[list[str]]) -> None:
    first = encoder(["a", "b", "a"])
    again = encoder(["b", "c", "a", "d"])
    assert batches == [["a", "b"], ["c", "d"]]
    assert torch.equal(first[0], first[2])
    assert torch.equal(again[[2, 0]], first[:2])


def test_the_cache_is_bounded_and_forgets_what_was_not_used_for_longest(
    small_model: Path, small_checkpoint: Path
) -> None:
    encoder = TextEncoder(small_model / "text", cached_texts=3)
    for texts in (["a", "b", "c"], ["a"], ["d"]):
        encoder(texts)
    assert list(encoder._cache) == ["c", "a", "d"]
    many = [f"label {i}" for i in range(10)]
    torch.testing.assert_close(encoder(many), reference(small_checkpoint, many), atol=1e-4, rtol=0)
    assert list(encoder._cache) == many[-3:]


def test_remembers_no_more_than_the_embeddings(encoder: TextEncoder) -> None:
    encoder(["a", "b", "c"])
    assert {row.untyped_storage().nbytes() for row in encoder._cache.values()} == {24 * 4}


def test_concurrent_callers_get_their_own_answers(encoder: TextEncoder, batches: list[list[str]]) -> None:
    requests = [[f"label {i + j}" for j in range(5)] for i in range(20)] * 3
    with ThreadPoolExecutor(max_workers=8) as threads:
        answers = list(threads.map(encoder, requests))
    encoded = [text for batch in batches for text in batch]
    assert len(encoded) == len(set(encoded)) == 24
    for texts, answer in zip(requests, answers, strict=True):
        assert torch.equal(answer, encoder(texts))
