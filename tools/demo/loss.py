"""CLIP's symmetric contrastive loss, extended to captions that are true of several pictures of a batch."""

import torch
from torch import Tensor
from torch.nn import functional

from tools.demo.captions import Claim, Facts, truth


def contrastive_loss(logits: Tensor, truths: Tensor) -> Tensor:
    """Return CLIP's symmetric loss for several true captions per picture.

    `logits` has shape (pictures, captions), `truths` the same with 1 true, -1 false, 0 unknown. Each true pair stands
    against the false captions of its picture and against the false pictures of its caption: with one true pair a row
    and column this is openai/CLIP's cross-entropy both ways.
    """
    true, false = truths > 0, truths < 0
    against = logits.masked_fill(~false, -torch.inf)
    by_picture = functional.softplus(against.logsumexp(1, keepdim=True) - logits)
    by_caption = functional.softplus(against.logsumexp(0, keepdim=True) - logits)
    return (_mean_of_means(by_picture, true, 1) + _mean_of_means(by_caption, true, 0)) / 2


def _mean_of_means(losses: Tensor, where: Tensor, dim: int) -> Tensor:
    """Return the mean over rows (dim 1) or columns (dim 0) of the mean where true; those without one do not count."""
    count = where.sum(dim)
    means = losses.masked_fill(~where, 0.0).sum(dim) / count.clamp(min=1)
    return means[count > 0].mean()


class TruthTable:
    """Looks up whether a claim holds for a picture, for all of a batch at once."""

    def __init__(self, claims: list[Claim], facts: list[Facts]) -> None:
        kinds = {kind: index for index, kind in enumerate(dict.fromkeys(facts))}
        self._row = torch.tensor([kinds[fact] for fact in facts])
        self._column = {claim: index for index, claim in enumerate(claims)}
        self._table = torch.tensor([[truth(claim, kind) for claim in claims] for kind in kinds], dtype=torch.int8)

    def of(self, pictures: Tensor, claims: list[Claim]) -> Tensor:
        """Return 1, -1 or 0 for each picture (rows) and claim (columns)."""
        columns = torch.tensor([self._column[claim] for claim in claims])
        return self._table[self._row[pictures]][:, columns]


def same_claim(a: Claim, b: Claim) -> int:
    """Return 1 for the same claim, 0 for a label and a detail of it, -1 for claims that exclude each other."""
    if a == b:
        return 1
    return 0 if a.label == b.label and None in (a.detail, b.detail) else -1
