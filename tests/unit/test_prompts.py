"""Prompts are templates with words in them; their embeddings are averaged and normalised again."""

from collections.abc import Sequence

import torch
from torch import Tensor

from function.tagging.prompts import embed_words, prompt


def test_replaces_only_empty_braces() -> None:
    assert prompt("{x} cat", "a photo of a {}.") == "a photo of a {x} cat."


def test_the_mean_over_templates_has_unit_length_again() -> None:
    vectors = {"a cat": torch.tensor([1.0, 0.0]), "the cat": torch.tensor([0.0, 1.0])}

    def encode(texts: Sequence[str]) -> Tensor:
        return torch.stack([vectors[text] for text in texts])

    torch.testing.assert_close(embed_words("cat", ("a {}", "the {}"), encode), torch.tensor([0.5, 0.5]).sqrt())
