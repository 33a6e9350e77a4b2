"""Unit vectors to scores: what a score means is decided here, and nowhere else."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from function.tagging.bank import GroupEmbeddings, LabelBank

CUSTOM_GROUP = "custom"
# More digits would be noise: the encoder agrees with Transformers to about 1e-6.
_SCORE_DIGITS = 6


@dataclass(frozen=True)
class Tag:
    """One label with its score: a probability within its group, or a logit.

    `of` is the label that this label belongs to, None if its group has no parent.
    """

    label: str
    score: float
    group: str
    of: str | None = None

    def to_json(self) -> dict[str, str | float]:
        """Return the tag as it appears in answers, results and the command line's JSON. `of` is left out if None."""
        owner = {} if self.of is None else {"of": self.of}
        return {"label": self.label, "score": round(self.score, _SCORE_DIGITS), "group": self.group, **owner}


@dataclass(frozen=True)
class GroupLogits:
    """The logits of one group for one image.

    `labels` is the maximum of each label's own logit, which is in `alone`, and its logits beside each context.
    `competitors` has the background and the contexts alone.
    """

    labels: list[float]
    alone: list[float]
    competitors: list[float]

    def probabilities(self, temperature: float = 1.0, background: bool = True) -> list[float]:
        """Return P(one of the labels is present) * P(label | one is present) for each label.

        The first factor is a softmax over the best label and the competitors, so the number of prompts is no evidence
        for a label. Without `background` it is 1.
        """
        competitors = self.competitors if background else []
        presence = softmax([max(self.labels), *competitors], temperature)[0]
        return [presence * probability for probability in softmax(self.labels, temperature)]


def label_scores(
    image_embedding: Tensor, bank: LabelBank, logit_scale: float, *, background: bool = True, as_logits: bool = False
) -> list[Tag]:
    """Return a tag for every label of the bank, in the bank's order.

    `image_embedding` has unit length, shape (dim,). A group with a parent belongs to the best of its `parent_labels`:
    its probabilities are multiplied by the score of that label, so none of them is higher. Without `background` there
    are no competitors. With `as_logits`, scores are `logit_scale * cosine`.
    """
    tags: dict[str, Tag] = {}
    for entry in bank.groups:
        group = entry.group
        parent = max((tags[label] for label in group.parent_labels), key=lambda tag: tag.score, default=None)
        logits = group_logits(image_embedding, entry, logit_scale, parent.label if parent else None)
        if as_logits:
            scores = logits.labels
        else:
            weight = parent.score if parent else 1.0
            scores = [weight * probability for probability in logits.probabilities(entry.temperature, background)]
        for label, score in zip(group.labels, scores, strict=True):
            tags[label] = Tag(label, score, group.name, parent.label if parent else None)
    return list(tags.values())


def group_logits(
    image_embedding: Tensor, entry: GroupEmbeddings, logit_scale: float, parent_label: str | None = None
) -> GroupLogits:
    """Return the logits of one group; those for `parent_label` if the group has a parent."""
    group, embeddings = entry.group, entry.embeddings
    if parent_label is not None:
        embeddings = embeddings[group.parent_labels.index(parent_label)]
    logits = [logit_scale * cosine for cosine in (embeddings @ image_embedding).tolist()]
    labels, contexts = len(group.labels), len(group.context)
    alone, others = logits[:labels], logits[labels:]
    competitors = len(group.background) + contexts
    composites = others[competitors:]
    best = [max([logit, *composites[i * contexts : (i + 1) * contexts]]) for i, logit in enumerate(alone)]
    return GroupLogits(best, alone, others[:competitors])


def custom_scores(
    image_embedding: Tensor,
    labels: Sequence[str],
    text_embeddings: Tensor,
    logit_scale: float,
    *,
    as_logits: bool = False,
) -> list[Tag]:
    """Return a tag for each of `labels`: one softmax over `logit_scale * cosine`, as Transformers' pipeline gives.

    `text_embeddings` has unit length, shape (labels + background labels, dim). Background labels compete and get no
    tag. With `as_logits`, scores are `logit_scale * cosine`.
    """
    logits = [logit_scale * cosine for cosine in (text_embeddings @ image_embedding).tolist()]
    scores = logits if as_logits else softmax(logits)
    return [Tag(label, score, CUSTOM_GROUP) for label, score in zip(labels, scores, strict=False)]


def rank(tags: Sequence[Tag], top_k: int | None, min_score: float, *, by_group: bool = False) -> list[Tag]:
    """Return the tags that score at least `min_score`, best first, at most `top_k`.

    Equal scores are in the order of the groups in `tags`, then by name, so a label never comes before the label that
    it belongs to. With `by_group` the tags of each group are sorted on their own, because logits of different groups do
    not compare. A tag is left out if the label that it belongs to is left out.
    """
    order = {name: position for position, name in enumerate(dict.fromkeys(tag.group for tag in tags))}
    kept: dict[str, Tag] = {}
    for tag in tags:
        if tag.score >= min_score and (tag.of is None or tag.of in kept):
            kept[tag.label] = tag

    def key(tag: Tag) -> tuple[int, float, int, str]:
        group = order[tag.group]
        return (group if by_group else 0, -tag.score, group, tag.label)

    return sorted(kept.values(), key=key)[:top_k]


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Return the softmax of `logits / temperature`; in Python, because torch takes longer for so few numbers."""
    largest = max(logits)
    powers = [math.exp((logit - largest) / temperature) for logit in logits]
    total = sum(powers)
    return [power / total for power in powers]
