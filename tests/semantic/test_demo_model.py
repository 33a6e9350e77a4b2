"""The demo model tags unseen pictures correctly, through the production code. Never lower the thresholds."""

from pathlib import Path

import pytest

from function.tagging.tagger import Tagger
from models.demo.recipe.draw import FURS, PETS
from tests.semantic.conftest import PICTURES, Known, best, right_share, scores, wrong_colours, wrong_pets
from tests.support.programs import ROOT

PET_FLOOR, COAT_FLOOR, HAND_MADE_FLOOR, COLOUR_FLOOR = 0.97, 0.90, 0.75, 0.90
SCENE_FLOOR, QUIET_FLOOR = 0.95, 0.95
BFLOAT16_BOUND = 0.05  # of a score


Scored = list[tuple[Known, dict[str, float]]]


@pytest.fixture(scope="module")
def scored(demo_tagger: Tagger, unseen_pets: list[Known]) -> Scored:
    """The drawings of pets with the scores of all labels."""
    return [(known, scores(demo_tagger, known.image)) for known in unseen_pets]


def test_unseen_drawings_get_their_pet(scored: Scored, unseen_pets: list[Known]) -> None:
    misses = [known.name for known, actual in scored if best(actual, PETS) != known.label]
    assert right_share(misses, unseen_pets) >= PET_FLOOR, misses


def test_unseen_drawings_get_their_coat(scored: Scored) -> None:
    furred = [known for known, _ in scored if known.fur]
    misses = [known.name for known, actual in scored if known.fur and best(actual, FURS) != known.fur]
    assert right_share(misses, furred) >= COAT_FLOOR, misses


def loud(tagger: Tagger, known: list[Known]) -> list[str]:
    """Return the names of the pictures on which a pet scores above 0.5."""
    scored = ((each.name, scores(tagger, each.image)) for each in known)
    return [name for name, by_label in scored if max(by_label[pet] for pet in PETS) > 0.5]


@pytest.mark.parametrize("pictures", ["unseen_others", "unseen_contexts", "photographs"])
def test_pictures_without_a_drawn_pet_get_no_sure_tag(
    demo_tagger: Tagger, pictures: str, request: pytest.FixtureRequest
) -> None:
    known: list[Known] = request.getfixturevalue(pictures)
    misses = loud(demo_tagger, known)
    assert right_share(misses, known) >= QUIET_FLOOR, misses


def test_a_pet_beside_a_context_is_tagged(demo_tagger: Tagger, unseen_scenes: list[Known]) -> None:
    misses = []
    for known in unseen_scenes:
        by_label = scores(demo_tagger, known.image)
        if best(by_label, PETS) != known.label or by_label[known.label] <= 0.5:
            misses.append(known.name)
    assert right_share(misses, unseen_scenes) >= SCENE_FLOOR, misses


def test_hand_made_drawings_get_their_pet(demo_tagger: Tagger, hand_made: list[Known]) -> None:
    misses = wrong_pets(demo_tagger, hand_made)
    assert right_share(misses, hand_made) >= HAND_MADE_FLOOR, misses


def test_colours_are_recognised(demo_tagger: Tagger, unseen_colours: list[Known]) -> None:
    misses = wrong_colours(demo_tagger, unseen_colours)
    assert right_share(misses, unseen_colours) >= COLOUR_FLOOR, misses


@pytest.mark.parametrize("label", PETS)
def test_every_pet_has_hand_made_drawings(hand_made: list[Known], label: str) -> None:
    assert sum(known.label == label for known in hand_made) >= 2


def test_bfloat16_scores_are_close_to_float32(demo_model: Path, demo_tagger: Tagger, hand_made: list[Known]) -> None:
    in_bfloat16 = Tagger.load(demo_model, "bfloat16", 50_000_000)
    for known in hand_made:
        expected, actual = scores(demo_tagger, known.image), scores(in_bfloat16, known.image)
        assert actual == pytest.approx(expected, abs=BFLOAT16_BOUND), known.name
        first, second = sorted(expected.values(), reverse=True)[:2]
        if first - second > 2 * BFLOAT16_BOUND:
            assert max(actual, key=actual.__getitem__) == max(expected, key=expected.__getitem__), known.name


def test_the_checkpoint_is_small() -> None:
    folder = ROOT / "models" / "demo"
    assert sum(file.stat().st_size for file in folder.rglob("*")) <= 8_000_000


def test_the_pictures_are_small() -> None:
    sizes = [file.stat().st_size for file in PICTURES.rglob("*.png")]
    assert max(sizes) <= 15_000
    assert sum(sizes) <= 1_500_000
