"""The embeddings of a bank are averaged over prompts and normalised again."""

from collections.abc import Sequence

import torch
from torch import Tensor

from function.tagging.bank import LabelBank
from function.tagging.labels import Group, LabelSet


def test_the_mean_over_templates_has_unit_length_again() -> None:
    vectors = {"a cat": torch.tensor([1.0, 0.0]), "the cat": torch.tensor([0.0, 1.0])}

    def encode(texts: Sequence[str]) -> Tensor:
        return torch.stack([vectors[text] for text in texts])

    labels = LabelSet((Group("pet", ("a {}", "the {}"), {"cat": "cat"}),))
    torch.testing.assert_close(LabelBank.embed(labels, encode).groups[0].embeddings, torch.tensor([[0.5, 0.5]]).sqrt())
