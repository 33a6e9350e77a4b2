"""The tokenizer gives the tokens that Transformers gives, up to the token that the text tower returns."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer as TokenizerFile
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from function.clip.tokenizer import Tokenizer
from function.model.baked_folder import BakedModel
from function.model.config import TextConfig


@pytest.fixture(scope="module")
def config(small_model: Path) -> TextConfig:
    return BakedModel.open(small_model).manifest.text


@pytest.fixture(scope="module")
def tokenizer(small_model: Path, config: TextConfig) -> Tokenizer:
    return Tokenizer(small_model / "tokenizer.json", config)


@pytest.fixture(scope="module")
def reference(small_checkpoint: Path) -> Any:
    return AutoTokenizer.from_pretrained(small_checkpoint)


def until_end(tokens: list[int], end: int) -> list[int]:
    return tokens[: tokens.index(end) + 1]


@given(text=st.text(max_size=120))
@example(text="")
@example(text=" \t\n ")
@example(text="A Photo of a CAT, İstanbul, STRASSE, Straße")
@example(text="it's they're I'll we've -- !?... \u2028 \ufeff \x00")
@example(text="猫 Кошка قطة 🐈‍⬛ 👩🏽‍🦰 e\u0301 \u00e9 ﬁ Ⅸ ½")
@example(text="a cat " * 50)
@example(text="x" * 500)
@example(text="a cat<|endoftext|> a dog <|startoftext|>")
@example(text="<|ENDOFTEXT|>")
def test_gives_the_tokens_that_transformers_gives(tokenizer: Tokenizer, reference: Any, text: str) -> None:
    expected = reference(text).input_ids
    assert tokenizer([text]) == [until_end(expected, reference.eos_token_id)]
    assert tokenizer.count([text]) == [len(expected)]


def test_texts_of_a_batch_are_not_padded(tokenizer: Tokenizer) -> None:
    assert [len(tokens) for tokens in tokenizer(["", "cat", "cats"])] == [2, 5, 6]


def test_a_tokenizer_file_that_pads_and_truncates_gives_the_same_tokens(
    small_model: Path, config: TextConfig, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """Some checkpoints have these settings in their `tokenizer.json`."""
    backend = TokenizerFile.from_file(str(small_model / "tokenizer.json"))
    backend.enable_padding(length=20)
    backend.enable_truncation(4)
    backend.save(str(tmp_path / "tokenizer.json"))
    texts = ["cat", "a dog"]
    assert Tokenizer(tmp_path / "tokenizer.json", config)(texts) == tokenizer(texts)


def test_the_end_token_is_the_largest_id_for_the_old_eos_token_id(
    small_model: Path, config: TextConfig, tokenizer: Tokenizer
) -> None:
    """OpenAI's configurations have the wrong `eos_token_id` 2, which Transformers reads like this."""
    old = Tokenizer(small_model / "tokenizer.json", dataclasses.replace(config, eos_token_id=2))
    texts = ["a cat", "a cat<|endoftext|> a dog"]
    assert old(texts) == tokenizer(texts)


def test_without_an_end_token_only_the_first_token_is_left(
    small_model: Path, config: TextConfig, tmp_path: Path
) -> None:
    """Transformers then takes the first token's embedding."""
    backend = TokenizerFile.from_file(str(small_model / "tokenizer.json"))
    backend.post_processor = TemplateProcessing(single="<|startoftext|> $A", special_tokens=[("<|startoftext|>", 512)])
    backend.save(str(tmp_path / "tokenizer.json"))
    assert Tokenizer(tmp_path / "tokenizer.json", config)(["a cat"]) == [[512]]
