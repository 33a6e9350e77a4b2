"""Fixtures: the demo model, and pictures that were not in its training data."""

from dataclasses import dataclass
from itertools import product

import pytest
from PIL import Image

from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from models.demo.recipe.draw import FIRST_UNSEEN_SEED, FURRED, FURS, OTHERS, PETS, draw
from models.demo.recipe.things import CONTEXTS
from tests.conftest import encode
from tests.support.programs import ROOT

PICTURES = ROOT / "tests" / "pictures"
CHELSEA = ROOT / "tests" / "support" / "chelsea.webp"
DRAWINGS_PER_PET = 24
COLOURED = ("bird", "fish", "snake")  # come in all colours
COLOURED_DRAWINGS = 40
WARM, BLUE = {"red", "orange", "yellow"}, {"blue"}
DRAWINGS_PER_OTHER_THING = 8
SCENES_PER_PAIR = 3
FIRST_SEED = FIRST_UNSEEN_SEED + 50_000


@dataclass(frozen=True)
class Known:
    """A picture and its content. `label` is None if it shows no pet; `fur` is None without fur or if unknown."""

    name: str
    label: str | None
    fur: str | None
    image: Image.Image


@pytest.fixture(scope="session")
def unseen_pets() -> list[Known]:
    """Drawings of every pet with seeds outside the training data, with alternating coats."""
    drawn = []
    for label in PETS:
        for number in range(DRAWINGS_PER_PET):
            fur = FURS[number % len(FURS)] if label in FURRED else None
            seed = FIRST_SEED + number
            drawn.append(Known(f"{label} {seed}", label, fur, draw(seed, label, fur).image))
    return drawn


@pytest.fixture(scope="session")
def unseen_others() -> list[Known]:
    """Drawings of the background words, with seeds outside the training data."""
    seeds = range(FIRST_SEED, FIRST_SEED + DRAWINGS_PER_OTHER_THING)
    background = [label for label in OTHERS if label not in CONTEXTS]
    return [Known(f"{label} {seed}", None, None, draw(seed, label).image) for label in background for seed in seeds]


@pytest.fixture(scope="session")
def unseen_colours() -> list[Known]:
    """Drawings of warm and of blue animals; `label` is "orange fish" or "blue fish", the nearer of the two."""
    drawn = []
    for seed in range(FIRST_SEED, FIRST_SEED + COLOURED_DRAWINGS):
        picture = draw(seed, COLOURED[seed % len(COLOURED)])
        if picture.words & (WARM | BLUE):
            label = f"{'blue' if picture.words & BLUE else 'orange'} {picture.label}"
            drawn.append(Known(f"{label} {seed}", label, None, picture.image))
    return drawn


@pytest.fixture(scope="session")
def unseen_scenes() -> list[Known]:
    """Drawings of every pet beside every context, with seeds outside the training data.

    Each has its own seed, because drawings of the same seed have the same style and background.
    """
    pairs = list(product(PETS, CONTEXTS)) * SCENES_PER_PAIR
    return [
        Known(f"{label} with {context} {seed}", label, None, draw(seed, label, context=context).image)
        for seed, (label, context) in enumerate(pairs, FIRST_SEED)
    ]


@pytest.fixture(scope="session")
def unseen_contexts() -> list[Known]:
    """Drawings of the contexts alone, with seeds outside the training data."""
    seeds = range(FIRST_SEED, FIRST_SEED + 2 * len(PETS))
    return [Known(f"{context} {seed}", None, None, draw(seed, context).image) for context in CONTEXTS for seed in seeds]


@pytest.fixture(scope="session")
def photographs() -> list[Known]:
    """Parts of three photos of cats. None was in the training data."""
    known = []
    for path in (ROOT / "events" / "cat.jpg", ROOT / "function" / "smoke_test_cat.webp", CHELSEA):
        photo = Image.open(path).convert("RGB")
        extent = min(photo.size)
        for part in (1.0, 0.8, 0.6):
            side = round(part * extent)
            for x in range(0, photo.width - side + 1, max(1, (photo.width - side) // 2)):
                crop = photo.crop((x, photo.height - side, x + side, photo.height))
                known.append(Known(f"{path.name} {part} {x}", None, None, crop))
    return known


@pytest.fixture(scope="session")
def hand_made() -> list[Known]:
    """The drawings made by hand, in another style than the generator's."""
    paths = sorted(PICTURES.glob("*/hand-made-*.png"))
    return [
        Known(str(path.relative_to(PICTURES)), path.parent.name, None, Image.open(path).convert("RGB"))
        for path in paths
    ]


def scores(tagger: Tagger, image: Image.Image) -> dict[str, float]:
    """Return the service's score of every label for the picture, sent as a PNG."""
    return {tag.label: tag.score for tag in tagger.tag(encode(image, "PNG"), TagOptions(min_score=0.0)).tags}


def best(scores_by_label: dict[str, float], labels: tuple[str, ...]) -> str:
    """Return the label with the highest score."""
    return max(labels, key=lambda label: scores_by_label[label])


def wrong_pets(tagger: Tagger, known: list[Known]) -> list[str]:
    """Return the names of the pictures whose best pet is incorrect."""
    return [each.name for each in known if best(scores(tagger, each.image), PETS) != each.label]


def wrong_colours(tagger: Tagger, known: list[Known]) -> list[str]:
    """Return the names of the pictures whose colour, orange or blue, is confused."""
    misses = []
    for each in known:
        animal = str(each.label).split()[1]
        options = TagOptions(candidate_labels=(f"orange {animal}", f"blue {animal}"), top_k=1)
        if tagger.tag(encode(each.image, "PNG"), options).tags[0].label != each.label:
            misses.append(each.name)
    return misses


def right_share(misses: list[str], known: list[Known]) -> float:
    """Return the share of the pictures that are not among the misses."""
    return 1 - len(misses) / len(known)
