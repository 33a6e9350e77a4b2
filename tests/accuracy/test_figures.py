"""The figures of `make accuracy` match hand calculations."""

from pathlib import Path

import pytest

from function.model.checkpoint import DEFAULT_MODEL
from function.tagging.labels import LabelSet
from tests.accuracy.conftest import CHOSEN, SCENES
from tools.accuracy import page
from tools.accuracy.coco import Coco, choose
from tools.accuracy.figures import Answers, compute, presence
from tools.accuracy.pets import BREEDS, Pets
from tools.evaluate import OTHER_THINGS, Answer

PETS = Pets(Path(), {"pug_1": "pug", "pug_2": "pug", "Persian_1": "Persian", "Sphynx_1": "Sphynx"})
COCO = Coco(Path(), {"1.jpg": "cat", "2.jpg": OTHER_THINGS})
ANSWERS: Answers = {
    "pug_1": {"pet": ("dog", 0.9), "fur": ("short-hair", 0.6), "breed": ("Pug", 0.8)},
    "pug_2": {"pet": ("cat", 0.5), "fur": ("long-hair", 0.4), "breed": ("Persian", 0.3)},
    "Persian_1": {"pet": ("cat", 0.9), "fur": ("long-hair", 0.8), "breed": ("Persian", 0.9)},
    "Sphynx_1": {"error": "broken"},
    "1.jpg": {"pet": ("cat", 0.4), "fur": None},
    "2.jpg": {"pet": ("dog", 0.7), "fur": None},
}


def test_figures_match_a_hand_calculation() -> None:
    figures = compute(PETS, COCO, ANSWERS, LabelSet.read())
    assert (figures.breed.top_1, figures.breed.pictures, figures.unreadable) == (2 / 3, 3, 1)
    assert figures.mean_breed_recall == (1 / 2 + 1) / 2
    assert (figures.species.top_1, figures.coat.top_1) == (2 / 3, 2 / 3)
    assert (figures.coco.top_1, figures.coco.other_things_untagged) == (1.0, 0.0)
    assert (figures.presence.precision, figures.presence.recall, figures.presence.f1) == (0.0, 0.0, 0.0)


def test_presence_by_hand() -> None:
    """Three pets, two of them tagged; one other picture, tagged."""
    rows = [("cat", 0.9), ("dog", 0.6), ("cat", 0.4), (OTHER_THINGS, 0.8), (OTHER_THINGS, 0.1)]
    result = presence([Answer(truth, "cat", score) for truth, score in rows])
    assert (result.precision, result.recall) == (2 / 3, 2 / 3)
    assert result.f1 == pytest.approx(2 / 3)


@pytest.mark.parametrize(("top_1", "passes"), [(0.869, True), (0.877, True), (0.867, False), (0.879, False)])
def test_the_default_model_must_have_its_published_accuracy(top_1: float, passes: bool) -> None:
    pictures = 1_000
    names = [f"pug_{number}" for number in range(pictures)]
    right = {"pet": ("dog", 1.0), "fur": ("short-hair", 1.0), "breed": ("Pug", 1.0)}
    answers = {
        name: right if number < top_1 * pictures else {**right, "breed": ("Boxer", 1.0)}
        for number, name in enumerate(names)
    }
    figures = compute(Pets(Path(), dict.fromkeys(names, "pug")), Coco(Path(), {}), answers, LabelSet.read())
    assert (page.gate(figures, DEFAULT_MODEL) is None) == passes
    assert page.gate(figures, "somebody/clip") is None


def test_scenes_have_one_kind_of_pet_or_no_animal() -> None:
    kinds = ["cat", "dog", "bird", "horse", "chair"]
    labels = choose(
        {
            "categories": [
                {"id": i, "name": kind, "supercategory": "furniture" if kind == "chair" else "animal"}
                for i, kind in enumerate(kinds)
            ],
            "images": [{"id": number, "file_name": str(number)} for number in SCENES],
            "annotations": [
                {"image_id": number, "category_id": kinds.index(kind)}
                for number, shown in SCENES.items()
                for kind in shown
            ],
        }
    )
    assert labels == {str(number): kind or OTHER_THINGS for number, kind in CHOSEN.items()}


def test_every_breed_has_a_source_and_a_coat_of_the_labels_or_none() -> None:
    assert len(BREEDS) == len({breed.words for breed in BREEDS.values()}) == 37
    assert sum(breed.species == "cat" for breed in BREEDS.values()) == 12
    fur = next(group for group in LabelSet.read().groups if group.name == "fur")
    assert {breed.coat for breed in BREEDS.values()} == {*fur.labels, None}
    assert sum(breed.coat is None for breed in BREEDS.values()) == 3
    assert {breed.source.partition(",")[0].partition(":")[0] for breed in BREEDS.values()} == {"AKC", "UKC", "GCCF"}
