"""Scores follow their formulas: a softmax with background, total probability below it, and a stable order."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from function.tagging.bank import GroupEmbeddings, LabelBank
from function.tagging.labels import Group, LabelSet
from function.tagging.scoring import Tag, custom_scores, label_scores, rank

PET = Group("pet", ("{}",), {"cat": "cat", "dog": "dog", "fish": "fish"}, background=("car", "tree"))
FUR = Group("fur", ("{}",), {"long": "long", "short": "short"}, parent="pet", parent_labels=("cat", "dog"))
DIM = 8
LOGIT_SCALE = 30.0


def unit_vectors(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, DIM, generator=generator), dim=-1)


def bank(seed: int = 0) -> LabelBank:
    pet, fur = unit_vectors(5, seed=seed), unit_vectors(2, 2, seed=seed + 1)
    return LabelBank(LabelSet((PET, FUR)), (GroupEmbeddings(PET, pet), GroupEmbeddings(FUR, fur)))


def softmax(values: list[float]) -> list[float]:
    exponentials = [math.exp(value - max(values)) for value in values]
    return [value / sum(exponentials) for value in exponentials]


@given(st.integers(0, 1000))
def test_scores_match_the_formulas(seed: int) -> None:
    image, labels = unit_vectors(seed=seed + 2), bank(seed)
    pet = softmax([LOGIT_SCALE * float(row @ image) for row in labels.groups[0].embeddings])
    given_pet = [softmax([LOGIT_SCALE * float(row @ image) for row in rows]) for rows in labels.groups[1].embeddings]
    expected = dict(zip(["cat", "dog", "fish"], pet, strict=False))
    for i, label in enumerate(["long", "short"]):
        expected[label] = pet[0] * given_pet[0][i] + pet[1] * given_pet[1][i]
    scores = {tag.label: tag.score for tag in label_scores(image, labels, LOGIT_SCALE)}
    assert scores == pytest.approx(expected, abs=1e-5)


@given(st.integers(0, 1000))
def test_fur_shares_the_probability_of_furred_pets(seed: int) -> None:
    tags = {tag.label: tag for tag in label_scores(unit_vectors(seed=seed), bank(seed), LOGIT_SCALE)}
    furred = tags["cat"].score + tags["dog"].score
    assert tags["long"].score + tags["short"].score == pytest.approx(furred, abs=1e-5)
    assert furred + tags["fish"].score <= 1 + 1e-6
    assert {tag.group for tag in tags.values()} == {"pet", "fur"}


def test_background_is_never_returned_and_takes_its_share() -> None:
    labels = bank()
    car = labels.groups[0].embeddings[3]
    tags = label_scores(car, labels, 100.0)
    assert {tag.label for tag in tags} == {"cat", "dog", "fish", "long", "short"}
    assert sum(tag.score for tag in tags) < 0.05


@given(st.permutations(["cat", "dog", "a bird"]))
def test_permuting_custom_labels_permutes_scores(labels: list[str]) -> None:
    embeddings = dict(zip(["cat", "dog", "a bird"], unit_vectors(3), strict=True))
    image = unit_vectors(seed=9)
    scored = custom_scores(image, labels, torch.stack([embeddings[label] for label in labels]), LOGIT_SCALE)
    expected = softmax([LOGIT_SCALE * float(embeddings[label] @ image) for label in labels])
    assert [tag.label for tag in scored] == labels
    assert [tag.score for tag in scored] == pytest.approx(expected, abs=1e-5)
    assert {tag.group for tag in scored} == {"custom"}


def test_rank_sorts_by_score_then_by_name() -> None:
    tags = [Tag("b", 0.3, "g"), Tag("c", 0.5, "g"), Tag("a", 0.3, "g"), Tag("d", 0.1, "g")]
    assert [tag.label for tag in rank(tags, None, 0.2)] == ["c", "a", "b"]
    assert [tag.label for tag in rank(tags, 2, 0.0)] == ["c", "a"]
    assert [tag.label for tag in rank(tags, None, 0.3)] == ["c", "a", "b"]
    assert rank(tags, None, 0.6) == []
