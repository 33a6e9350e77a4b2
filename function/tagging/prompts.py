"""Prompt ensembling: from words to prompts, and from prompts to one embedding."""

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor

EncodeTexts = Callable[[Sequence[str]], Tensor]


def prompt(words: str, template: str) -> str:
    """Return `template` with `{}` replaced by `words`. Other braces stay."""
    return template.replace("{}", words)


def embed_words(words: str, templates: Sequence[str], encode: EncodeTexts) -> Tensor:
    """Return the embedding of `words`, unit length, shape (dim,): the mean over all templates, normalised.

    This is the prompt ensembling of Radford et al., "Learning Transferable Visual Models From Natural Language
    Supervision", 2021, section 3.1.4.
    """
    return F.normalize(encode([prompt(words, template) for template in templates]).mean(dim=0), dim=-1)
