"""Figures from answers: accuracy, presence, calibration error, and the effect of `min_score`."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from function.tagging.labels import Group
from function.tagging.scoring import softmax
from tools.evaluate.pictures import Observation

NOTHING = "(nothing)"
OTHER_THINGS = "(other things)"
SURE = 0.5  # above this a tag on a picture of something else is a false alarm
CALIBRATION_BINS = 10  # Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3
MIN_SCORES = (0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True)
class Answer:
    """One group's answer for one picture: the true label, the best label and its score.

    `presence` is the sum of the group's scores: the probability that the picture shows any of its labels.
    `has_context` is true if one of the group's contexts is in the picture.
    """

    truth: str
    best: str
    score: float
    presence: float
    has_context: bool = False

    @property
    def is_other(self) -> bool:
        """Whether the picture shows none of the labels."""
        return self.truth == OTHER_THINGS

    @property
    def shown(self) -> str:
        """The best label, or NOTHING if the picture shows something else and no tag is sure."""
        return NOTHING if self.is_other and self.score <= SURE else self.best


@dataclass(frozen=True)
class GroupReport:
    """The figures of one group; accuracies over the pictures that have one of its labels."""

    group: str
    pictures: int
    top_1: float
    other_things: int
    other_things_untagged: float | None
    expected_calibration_error: float
    precision: dict[str, float | None]
    recall: dict[str, float | None]
    confusion: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Presence:
    """Whether the model knows that a picture shows one of the labels, which one, and that it shows none.

    `precision`, `recall` and `f1` compare the probability of presence with a threshold. `right_and_sure` is the share
    of the pictures with a label whose best tag is right and above SURE, `quiet` the share of the others without a tag
    above SURE. A figure is None if there are no pictures for it.
    """

    pictures: int
    others: int
    precision: float | None
    recall: float | None
    f1: float | None
    top_1: float | None
    right_and_sure: float | None
    quiet: float | None


@dataclass(frozen=True)
class MinScore:
    """What one value of `min_score` does: the mean number of tags on pictures of other things, the right tags lost."""

    min_score: float
    tags_on_others: float | None
    right_tags_lost: float | None


def answer(observation: Observation, group: Group, truth: str) -> Answer:
    """Return the answer of one group for a picture."""
    tags = observation.tags_of(group.name)
    total = math.fsum(tag.score for tag in tags)
    return Answer(truth, tags[0].label, tags[0].score, total, observation.picture.context is not None)


def answers(observations: Iterable[Observation], group: Group) -> list[Answer]:
    """Return the answers of one group for the pictures whose truth in this group is known."""
    if group.parent is None:
        return [answer(each, group, each.picture.label or OTHER_THINGS) for each in observations]
    return [answer(each, group, label) for each in observations if (label := each.picture.label_of(group))]


def former_answers(observations: Iterable[Observation], group: Group) -> list[Answer]:
    """Return the answers as they were without composites: one softmax over labels, background and contexts alone."""
    result = []
    for each in observations:
        logits = each.logits[group.name]
        scores = dict(zip(group.labels, softmax([*logits.alone, *logits.competitors]), strict=False))
        best = max(scores, key=scores.__getitem__)
        truth, has_context = each.picture.label or OTHER_THINGS, each.picture.context is not None
        result.append(Answer(truth, best, scores[best], math.fsum(scores.values()), has_context))
    return result


def summarise(group: str, labels: tuple[str, ...], given: list[Answer]) -> GroupReport:
    """Return the figures of one group's answers."""
    own = [answer for answer in given if not answer.is_other]
    others = [answer for answer in given if answer.is_other]
    rows = (*labels, OTHER_THINGS) if others else labels
    columns = (*labels, NOTHING) if others else labels
    confusion = {
        truth: {shown: sum((a.truth, a.shown) == (truth, shown) for a in given) for shown in columns} for truth in rows
    }
    return GroupReport(
        group=group,
        pictures=len(own),
        top_1=share([answer.best == answer.truth for answer in own]) or 0.0,
        other_things=len(others),
        other_things_untagged=share([answer.shown == NOTHING for answer in others]),
        expected_calibration_error=calibration_error(own),
        precision={label: share([a.truth == label for a in given if a.shown == label]) for label in labels},
        recall={label: share([a.best == label for a in own if a.truth == label]) for label in labels},
        confusion=confusion,
    )


def presence(given: Sequence[Answer], threshold: float = SURE) -> Presence:
    """Return the figures of presence; a picture counts as one with a label if `presence` is above `threshold`."""
    own = [answer for answer in given if not answer.is_other]
    others = [answer for answer in given if answer.is_other]
    precision = share([not answer.is_other for answer in given if answer.presence > threshold])
    recall = share([answer.presence > threshold for answer in own])
    hits = sum(answer.presence > threshold for answer in own)
    missed, alarms = len(own) - hits, sum(answer.presence > threshold for answer in others)
    return Presence(
        pictures=len(own),
        others=len(others),
        precision=precision,
        recall=recall,
        f1=2 * hits / (2 * hits + missed + alarms) if own else None,
        top_1=share([answer.best == answer.truth for answer in own]),
        right_and_sure=share([answer.best == answer.truth and answer.score > SURE for answer in own]),
        quiet=share([answer.score <= SURE for answer in others]),
    )


def by_context(given: Sequence[Answer], threshold: float = SURE) -> dict[str, Presence]:
    """Return the figures of presence for all pictures, and split by whether a context is in the picture."""
    splits = {
        "all": given,
        "without context": [answer for answer in given if not answer.has_context],
        "with context": [answer for answer in given if answer.has_context],
    }
    return {name: presence(part, threshold) for name, part in splits.items() if part}


def min_scores(observations: Sequence[Observation], group: str) -> list[MinScore]:
    """Return for each of MIN_SCORES what it does to the tags of one group."""
    rows = [(each.picture.label, {tag.label: tag.score for tag in each.tags_of(group)}) for each in observations]
    return [
        MinScore(
            least,
            mean([sum(score >= least for score in scores.values()) for label, scores in rows if label is None]),
            share([scores[label] < least for label, scores in rows if label is not None]),
        )
        for least in MIN_SCORES
    ]


def share(hits: Sequence[bool]) -> float | None:
    """Return the share of true values, None if there are none."""
    return mean([float(hit) for hit in hits])


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, None if there are no values."""
    return sum(values) / len(values) if values else None


def calibration_bins(given: Iterable[Answer]) -> list[list[Answer]]:
    """Return the answers in bins of similar scores; bins without answers are left out."""
    bins: dict[int, list[Answer]] = {}
    for answer in given:
        bins.setdefault(min(CALIBRATION_BINS - 1, int(answer.score * CALIBRATION_BINS)), []).append(answer)
    return list(bins.values())


def calibration_error(given: list[Answer]) -> float:
    """Return the expected calibration error: the distance between scores and accuracy, by bins."""
    gaps = (abs(sum(a.score for a in held) - sum(a.best == a.truth for a in held)) for held in calibration_bins(given))
    return sum(gaps) / len(given) if given else 0.0
