"""Captions of pictures: the prompts of labels.toml, and synonyms.

A caption is true of a picture, false of it, or unknown (an icon's coat): the loss leaves the unknown out.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

LABELS_FILE = Path(__file__).parents[2] / "function" / "labels.toml"
MORE_TEMPLATES = (
    "a drawing of a {}.", "a picture of a {}.", "an image of a {}.", "a cartoon of a {}.", "an icon of a {}.",
    "This is a photo of a {}.", "This is a photo of {}.", "a {}", "{}", "a good photo of a {}.", "a photo of one {}.",
    "a photo of my {}.", "a painting of a {}.", "a sketch of a {}.", "a small {}.", "a photo of the {}.",
)  # fmt: skip
SYNONYMS = {
    "cat": ("kitten", "kitty"), "dog": ("puppy", "doggy"), "rabbit": ("bunny", "hare"), "hamster": ("gerbil",),
    "turtle": ("tortoise",), "snake": ("serpent",), "lizard": ("gecko", "reptile with legs"), "person": ("human",),
    "human face": ("face",), "house": ("building",), "car": ("vehicle",), "plate of food": ("food", "meal"),
    "insect": ("bug",), "room": ("room in a house",), "page of text": ("text", "letters", "page"),
    "landscape": ("scenery",), "flower": ("plant in bloom",), "plain background": ("nothing",), "pattern": ("texture",),
}  # fmt: skip
COLOURS = ("orange", "brown", "gray", "black", "white", "cream", "red", "yellow", "green", "blue", "purple")


@dataclass(frozen=True)
class Claim:
    """The meaning of a caption: a label, and a detail or None. A detail is a coat length, a colour or a subtype."""

    label: str
    detail: str | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What is known of a picture; `complete` when every detail is known (drawings), not only the label (icons)."""

    label: str
    details: frozenset[str]
    complete: bool


def truth(claim: Claim, facts: Facts) -> int:
    """Return 1 if the claim holds for the picture, -1 if it does not, 0 if unknown."""
    if claim.label != facts.label:
        return -1
    if claim.detail is None or claim.detail in facts.details:
        return 1
    return -1 if facts.complete else 0


class CaptionSource:
    """Writes captions: every label and coat each time, and some colours and finer kinds."""

    def __init__(self, kinds: dict[str, set[str]], pets: set[str], labels_file: Path = LABELS_FILE) -> None:
        """`kinds` maps a label to the finer kinds and colours its pictures have; `pets` are those that have colours."""
        groups = tomllib.loads(labels_file.read_text(encoding="utf-8"))["groups"]
        pet, fur = groups["pet"], groups["fur"]
        self.pet_templates: tuple[str, ...] = tuple(pet["templates"])
        self.fur_templates: tuple[str, ...] = tuple(fur["templates"])
        words = {**pet["labels"], **{word: word for word in pet["background"]}}
        self.labels = [Claim(name, None, (word, *SYNONYMS.get(name, ()))) for name, word in words.items()]
        self.furs = [
            Claim(parent, name, (word.replace("{parent}", words[parent]),))
            for parent in fur["parent_labels"]
            for name, word in fur["labels"].items()
        ]
        self.details = list(_details(kinds, pets))

    def sample(self, rng: Random, details: int = 6) -> list[tuple[Claim, str]]:
        """Return one caption for every label and coat, and `details` others, each in random words."""
        picked = rng.sample(self.details, min(details, len(self.details)))
        return [(claim, self.write(claim, rng)) for claim in (*self.labels, *self.furs, *picked)]

    def write(self, claim: Claim, rng: Random) -> str:
        """Return the claim as a sentence: in a template of labels.toml or another, by its own word or another."""
        own = self.fur_templates if claim in self.furs else self.pet_templates
        template = rng.choice(own if rng.random() < 0.6 else MORE_TEMPLATES)
        word = claim.words[0] if rng.random() < 0.7 else rng.choice(claim.words)
        return template.replace("{}", word)

    def corpus(self) -> list[str]:
        """Return all possible captions, as the corpus of the tokenizer."""
        templates = (*self.pet_templates, *self.fur_templates, *MORE_TEMPLATES)
        words = [word for claim in (*self.labels, *self.furs, *self.details) for word in claim.words]
        return [template.replace("{}", word) for template in templates for word in words]


def _details(kinds: dict[str, set[str]], pets: set[str]) -> Iterator[Claim]:
    for label, names in sorted(kinds.items()):
        for name in sorted(names - {label}):
            yield Claim(label, name, (f"{name} {label}" if label in pets or name in COLOURS else name,))
