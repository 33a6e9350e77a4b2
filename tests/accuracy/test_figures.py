"""The figures of `make accuracy` match hand calculations."""

from pathlib import Path

import pytest

from function.model.checkpoint import DEFAULT_MODEL
from function.tagging.labels import LabelSet
from tests.accuracy.conftest import CHOSEN, SCENES, SUPERCATEGORIES, instances
from tools.accuracy import page
from tools.accuracy.coco import Coco, choose, contexts_of
from tools.accuracy.figures import Answers, compute
from tools.accuracy.pets import BREEDS, Pets
from tools.evaluate.figures import OTHER_THINGS

PETS = Pets(Path(), {"pug_1": "pug", "pug_2": "pug", "Persian_1": "Persian", "Sphynx_1": "Sphynx"})
COCO = Coco(Path(), {"1.jpg": "cat", "2.jpg": OTHER_THINGS, "3.jpg": "dog"}, {"3.jpg": "person"})
ANSWERS: Answers = {
    "pug_1": {"pet": ("dog", 0.9, 1.0), "fur": ("short-hair", 0.6, 0.9), "breed": ("Pug", 0.8, 1.0)},
    "pug_2": {"pet": ("cat", 0.5, 0.9), "fur": ("long-hair", 0.4, 0.5), "breed": ("Persian", 0.3, 1.0)},
    "Persian_1": {"pet": ("cat", 0.9, 0.9), "fur": ("long-hair", 0.8, 0.9), "breed": ("Persian", 0.9, 1.0)},
    "Sphynx_1": {"error": "broken"},
    "1.jpg": {"pet": ("cat", 0.3, 0.4), "fur": None},
    "2.jpg": {"pet": ("dog", 0.7, 0.8), "fur": None},
    "3.jpg": {"pet": ("dog", 0.4, 0.6), "fur": None},
}


def test_figures_match_a_hand_calculation() -> None:
    figures = compute(PETS, COCO, ANSWERS, LabelSet.read())
    assert (figures.breed.top_1, figures.breed.pictures, figures.unreadable) == (2 / 3, 3, 1)
    assert figures.mean_breed_recall == (1 / 2 + 1) / 2
    assert (figures.species.top_1, figures.coat.top_1) == (2 / 3, 2 / 3)
    assert (figures.coco.top_1, figures.coco.other_things_untagged) == (1.0, 0.0)
    without, with_context = figures.presence["without context"], figures.presence["with context"]
    assert (without.precision, without.recall, without.f1) == (0.0, 0.0, 0.0)
    assert (with_context.precision, with_context.recall, with_context.f1) == (1.0, 1.0, 1.0)
    assert (figures.presence["all"].precision, figures.presence["all"].recall) == (1 / 2, 1 / 2)


@pytest.mark.parametrize(("top_1", "passes"), [(0.869, True), (0.877, True), (0.867, False), (0.879, False)])
def test_the_default_model_must_have_its_published_accuracy(top_1: float, passes: bool) -> None:
    pictures = 1_000
    names = [f"pug_{number}" for number in range(pictures)]
    right = {"pet": ("dog", 1.0, 1.0), "fur": ("short-hair", 1.0, 1.0), "breed": ("Pug", 1.0, 1.0)}
    answers = {
        name: right if number < top_1 * pictures else {**right, "breed": ("Boxer", 1.0, 1.0)}
        for number, name in enumerate(names)
    }
    figures = compute(Pets(Path(), dict.fromkeys(names, "pug")), Coco(Path(), {}), answers, LabelSet.read())
    assert (page.gate(figures, DEFAULT_MODEL) is None) == passes
    assert page.gate(figures, "somebody/clip") is None


def test_scenes_have_one_kind_of_pet_or_no_animal() -> None:
    assert choose(instances(SCENES, SUPERCATEGORIES)) == CHOSEN


def test_contexts_are_those_of_the_labels() -> None:
    kinds = {"person": "person", "couch": "furniture", "chair": "furniture", "pizza": "food", "cat": "animal"}
    shown = {"1.jpg": ["person"], "2.jpg": ["pizza", "couch"], "3.jpg": ["chair"], "4.jpg": ["cat", "pizza"]}
    contexts = contexts_of(instances(shown, kinds))
    assert contexts == {"1.jpg": "person", "2.jpg": "sofa", "4.jpg": "plate of food"}
    assert {*contexts.values()} <= {*LabelSet.read().groups[0].context}


def test_every_breed_has_a_source_and_a_coat_of_the_labels_or_none() -> None:
    assert len(BREEDS) == len({breed.words for breed in BREEDS.values()}) == 37
    assert sum(breed.species == "cat" for breed in BREEDS.values()) == 12
    fur = next(group for group in LabelSet.read().groups if group.name == "fur")
    assert {breed.coat for breed in BREEDS.values()} == {*fur.labels, None}
    assert sum(breed.coat is None for breed in BREEDS.values()) == 3
    assert {breed.source.partition(",")[0].partition(":")[0] for breed in BREEDS.values()} == {"AKC", "UKC", "GCCF"}
