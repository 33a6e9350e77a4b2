"""Words to prompts to one embedding: prompt ensembling."""

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor

EncodeTexts = Callable[[Sequence[str]], Tensor]


def prompt(words: str, template: str) -> str:
    """Return the template with the words in place of its `{}`; no other braces mean anything."""
    return template.replace("{}", words)


def embed_words(words: str, templates: Sequence[str], encode: EncodeTexts) -> Tensor:
    """Return the embedding of `words`, unit length, shape (dim,): the mean over all templates, normalised again.

    The prompt ensemble of Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    2021, section 3.1.4.
    """
    return F.normalize(encode([prompt(words, template) for template in templates]).mean(dim=0), dim=-1)
