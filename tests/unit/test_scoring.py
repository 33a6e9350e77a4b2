"""Scores follow their formulas, and no label comes before the label that it belongs to."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from function.tagging.bank import GroupEmbeddings, LabelBank
from function.tagging.labels import Group, LabelSet
from function.tagging.scoring import Tag, custom_scores, label_scores, rank

PET = Group(
    "pet",
    ("{}",),
    {"cat": "cat", "dog": "dog", "fish": "fish"},
    background=("car", "tree"),
    context=("person", "sofa"),
)
FUR = Group("fur", ("{}",), {"long": "long", "short": "short"}, parent="pet", parent_labels=("cat", "dog"))
DIM = 8
LOGIT_SCALE = 30.0


def unit_vectors(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, DIM, generator=generator), dim=-1)


def bank_of(*groups: Group, seed: int = 0, temperature: float = 1.0) -> LabelBank:
    entries = []
    for i, group in enumerate(groups):
        shape = (len(group.parent_labels), len(group.words)) if group.parent else (len(group.words),)
        entries.append(GroupEmbeddings(group, unit_vectors(*shape, seed=seed + i), temperature))
    return LabelBank(LabelSet(groups), tuple(entries))


def bank(seed: int = 0) -> LabelBank:
    return bank_of(PET, FUR, seed=seed)


def softmax(values: list[float]) -> list[float]:
    exponentials = [math.exp(value - max(values)) for value in values]
    return [value / sum(exponentials) for value in exponentials]


def scores_of(image: torch.Tensor, labels: LabelBank, **options: bool) -> dict[str, float]:
    return {tag.label: tag.score for tag in label_scores(image, labels, LOGIT_SCALE, **options)}


@given(st.integers(0, 1000), st.booleans(), st.sampled_from([1.0, 2.5]))
def test_scores_match_the_formulas(seed: int, background: bool, temperature: float) -> None:
    image, labels = unit_vectors(seed=seed + 2), bank_of(PET, FUR, seed=seed, temperature=temperature)
    rows = dict(zip(PET.words, labels.groups[0].embeddings @ image * LOGIT_SCALE / temperature, strict=True))
    pets = torch.stack([max(rows[pet], rows[f"{pet} with a person"], rows[f"{pet} with a sofa"]) for pet in PET.labels])
    competitors = sum(rows[words].exp() for words in ("car", "tree", "person", "sofa"))
    presence = pets.max().exp() / (pets.max().exp() + competitors) if background else 1.0
    expected = dict(zip(PET.labels, (presence * pets.softmax(0)).tolist(), strict=True))
    furred = max(("cat", "dog"), key=lambda pet: expected[pet])
    coats = labels.groups[1].embeddings[FUR.parent_labels.index(furred)] @ image * LOGIT_SCALE / temperature
    expected |= dict(zip(FUR.labels, (expected[furred] * coats.softmax(0)).tolist(), strict=True))
    tags = label_scores(image, labels, LOGIT_SCALE, background=background)
    assert {tag.label: tag.score for tag in tags} == pytest.approx(expected, abs=1e-5)
    assert {tag.of for tag in tags if tag.group == "fur"} == {furred}


def test_background_and_context_are_never_returned_and_take_their_share() -> None:
    labels = bank()
    for words in ("car", "person"):
        tags = label_scores(labels.groups[0].embeddings[PET.words.index(words)], labels, 100.0)
        assert {tag.label for tag in tags} == {"cat", "dog", "fish", "long", "short"}
        assert sum(tag.score for tag in tags) < 0.05


def test_pet_beside_a_context_keeps_its_score() -> None:
    labels = bank()
    image = labels.groups[0].embeddings[PET.words.index("dog with a sofa")]
    assert scores_of(image, labels)["dog"] > 0.95


def test_more_prompts_of_equal_similarity_do_not_raise_the_score() -> None:
    image = unit_vectors()
    without = Group("pet", ("{}",), {"cat": "cat"}, background=("car", "person"))
    beside = Group("pet", ("{}",), {"cat": "cat"}, background=("car",), context=("person",))
    scores = []
    for group in (without, beside):
        rows = image.repeat(len(group.words), 1)
        labels = LabelBank(LabelSet((group,)), (GroupEmbeddings(group, rows),))
        scores.append(scores_of(image, labels)["cat"])
    assert scores == [pytest.approx(1 / 3)] * 2


@given(st.integers(0, 1000))
def test_logits_are_scaled_cosines(seed: int) -> None:
    image, labels = unit_vectors(seed=seed + 2), bank_of(PET, FUR, seed=seed, temperature=3.0)
    cosines = dict(zip(PET.words, (labels.groups[0].embeddings @ image).tolist(), strict=True))
    logits = scores_of(image, labels, as_logits=True)
    beside = [cosines[words] for words in ("cat", "cat with a person", "cat with a sofa")]
    assert logits["cat"] == pytest.approx(LOGIT_SCALE * max(beside), abs=1e-4)
    assert logits == scores_of(image, labels, as_logits=True, background=False)


@st.composite
def banks(draw: st.DrawFn) -> LabelBank:
    """Any labels: several groups, with and without parents, background and context. Embeddings are often equal."""
    groups: list[Group] = []
    for i in range(draw(st.integers(1, 4))):
        names = [f"{chr(ord('d') - i)}{n}" for n in range(draw(st.integers(1, 3)))]  # later groups come first by name
        parent = draw(st.sampled_from([None, *groups]))
        parents = draw(st.lists(st.sampled_from(list(parent.labels)), min_size=1, unique=True)) if parent else []
        background = tuple(f"b{n}" for n in range(draw(st.integers(0, 2))))
        context = tuple(f"c{n}" for n in range(draw(st.integers(0, 2))))
        name = parent.name if parent else None
        groups.append(Group(f"g{i}", ("{}",), dict(zip(names, names, strict=True)), background, context, name,
                            tuple(parents)))  # fmt: skip
    pool, entries = unit_vectors(3), []
    for group in groups:
        rows = max(1, len(group.parent_labels)) * len(group.words)
        picked = pool[draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))]
        embeddings = picked.reshape(-1, len(group.words), DIM) if group.parent else picked
        entries.append(GroupEmbeddings(group, embeddings, draw(st.sampled_from([0.1, 1.0, 10.0]))))
    return LabelBank(LabelSet(tuple(groups)), tuple(entries))


@given(
    bank=banks(),
    image=st.integers(0, 20),
    logit_scale=st.sampled_from([0.0, 1.0, 100.0, 5000.0]),
    top_k=st.none() | st.integers(1, 12),
    min_score=st.sampled_from([-math.inf, 0.0, 0.01, 0.3, 1.0]),
    background=st.booleans(),
    as_logits=st.booleans(),
)
def test_first_tag_has_no_parent_and_every_other_comes_after_its_parent(
    bank: LabelBank,
    image: int,
    logit_scale: float,
    top_k: int | None,
    min_score: float,
    background: bool,
    as_logits: bool,
) -> None:
    tags = label_scores(unit_vectors(seed=image), bank, logit_scale, background=background, as_logits=as_logits)
    ranked = rank(tags, top_k, min_score, by_group=as_logits)
    assert len(ranked) <= (top_k or len(tags))
    before: dict[str, Tag] = {}
    for tag in ranked:
        parent = next(group.parent for group in bank.labels.groups if group.name == tag.group)
        assert (tag.of is None) == (parent is None)
        if tag.of is not None:
            assert before[tag.of].group == parent
            assert as_logits or round(before[tag.of].score, 6) >= round(tag.score, 6)
        assert as_logits or 0 <= tag.score <= 1
        before[tag.label] = tag


@given(bank=banks(), image=st.integers(0, 20))
def test_labels_of_a_group_share_the_score_that_they_belong_to(bank: LabelBank, image: int) -> None:
    tags = label_scores(unit_vectors(seed=image), bank, LOGIT_SCALE)
    by_label = {tag.label: tag for tag in tags}
    for group in bank.labels.groups:
        members = [by_label[label] for label in group.labels]
        share = 1.0 if members[0].of is None else by_label[members[0].of].score
        total = sum(tag.score for tag in members)
        assert total <= share + 1e-6
        if not group.background and not group.context:
            assert total == pytest.approx(share)


@given(st.permutations(["cat", "dog", "a bird"]))
def test_permuting_custom_labels_permutes_scores(labels: list[str]) -> None:
    embeddings = dict(zip(["cat", "dog", "a bird"], unit_vectors(3), strict=True))
    image = unit_vectors(seed=9)
    scored = custom_scores(image, labels, torch.stack([embeddings[label] for label in labels]), LOGIT_SCALE)
    expected = softmax([LOGIT_SCALE * float(embeddings[label] @ image) for label in labels])
    assert [tag.label for tag in scored] == labels
    assert [tag.score for tag in scored] == pytest.approx(expected, abs=1e-5)
    assert {tag.group for tag in scored} == {"custom"}


def test_rank_sorts_by_score_then_by_group_then_by_name() -> None:
    tags = [Tag("b", 0.3, "g"), Tag("c", 0.5, "g"), Tag("a", 0.3, "g"), Tag("d", 0.1, "g"), Tag("A", 0.3, "h", "c")]
    assert [tag.label for tag in rank(tags, None, 0.2)] == ["c", "a", "b", "A"]
    assert [tag.label for tag in rank(tags, 2, 0.0)] == ["c", "a"]
    assert [tag.label for tag in rank(tags, None, 0.3)] == ["c", "a", "b", "A"]
    assert rank(tags, None, 0.6) == []


def test_rank_by_group_does_not_compare_groups() -> None:
    tags = [Tag("cat", 20.0, "pet"), Tag("dog", 25.0, "pet"), Tag("long", 30.0, "fur", "dog")]
    assert [tag.label for tag in rank(tags, None, -math.inf, by_group=True)] == ["dog", "cat", "long"]
    assert rank(tags, None, 26.0, by_group=True) == []
