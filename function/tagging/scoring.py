"""Unit vectors to scores: what a score means is decided here, and nowhere else."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import mul

from torch import Tensor

from function.tagging.bank import LabelBank

CUSTOM_GROUP = "custom"
# More digits would be noise: the encoder agrees with Transformers to about 1e-6.
_SCORE_DIGITS = 6


@dataclass(frozen=True)
class Tag:
    """One label with its score, a probability from 0 to 1 within its group."""

    label: str
    score: float
    group: str

    def to_json(self) -> dict[str, str | float]:
        """Return the tag as it appears in answers, results and the command line's JSON."""
        return {"label": self.label, "score": round(self.score, _SCORE_DIGITS), "group": self.group}


def label_scores(image_embedding: Tensor, bank: LabelBank, logit_scale: float) -> list[Tag]:
    """Return a tag for every label of the bank, in the bank's order.

    `image_embedding` has unit length, shape (dim,). In a group without a parent, scores are a softmax over
    `logit_scale * cosine` of labels and background together, so labels sum to less than one as background takes its
    share. In a group with a parent, by total probability, `score(f) = sum over p of score(p) * P(f | p)`, `P(f | p)`
    being the softmax over the prompts for the parent's label p.
    """
    scores: dict[str, dict[str, float]] = {}
    for entry in bank.groups:
        group = entry.group
        cosines = (entry.embeddings @ image_embedding).tolist()
        if group.parent is None:
            probabilities = _softmax(cosines, logit_scale)
        else:
            weights = [scores[group.parent][label] for label in group.parent_labels]
            given = zip(*(_softmax(row, logit_scale) for row in cosines), strict=True)
            probabilities = [sum(map(mul, weights, column)) for column in given]
        scores[group.name] = dict(zip(group.labels, probabilities, strict=False))
    return [Tag(label, score, name) for name, group in scores.items() for label, score in group.items()]


def custom_scores(
    image_embedding: Tensor, labels: Sequence[str], text_embeddings: Tensor, logit_scale: float
) -> list[Tag]:
    """Return a tag for each of `labels`: one softmax over `logit_scale * cosine`, as Transformers' pipeline gives.

    `text_embeddings` has unit length, shape (len(labels), dim).
    """
    probabilities = _softmax((text_embeddings @ image_embedding).tolist(), logit_scale)
    return [Tag(label, score, CUSTOM_GROUP) for label, score in zip(labels, probabilities, strict=True)]


def rank(tags: Iterable[Tag], top_k: int | None, min_score: float) -> list[Tag]:
    """Return the tags that score at least `min_score`, best first, equal scores by name, at most `top_k`."""
    return sorted((tag for tag in tags if tag.score >= min_score), key=lambda tag: (-tag.score, tag.label))[:top_k]


def _softmax(cosines: Sequence[float], logit_scale: float) -> list[float]:
    """Return the softmax of `logit_scale * cosine`; in Python, as so few numbers are less work than calling torch."""
    largest = max(cosines)
    powers = [math.exp(logit_scale * (cosine - largest)) for cosine in cosines]
    total = sum(powers)
    return [power / total for power in powers]
