"""Captions of pictures: the prompts of labels.toml, and synonyms.

A caption is true, false or unknown for a picture. An icon's coat is unknown. If a pet is beside a person, "a person" is
unknown, too. The loss ignores unknown captions.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

LABELS_FILE = Path(__file__).parents[3] / "function" / "labels.toml"
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
    "sofa": ("couch",), "plant": ("house plant",),
}  # fmt: skip
COLOURS = ("orange", "brown", "gray", "black", "white", "cream", "red", "yellow", "green", "blue", "purple")
PHOTOGRAPH = "photograph"  # a detail of PHOTOGRAPH_LABEL: to this model, a photograph is a texture
PHOTOGRAPH_LABEL = "pattern"


@dataclass(frozen=True)
class Claim:
    """The meaning of a caption: a label, sometimes with a detail (coat, colour, finer kind) or with a context."""

    label: str
    words: tuple[str, ...]
    detail: str | None = None
    context: str | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of a picture. `complete` is false if only the label and the context are known (icons)."""

    label: str
    details: frozenset[str]
    context: str | None = None
    complete: bool = True


def truth(claim: Claim, facts: Facts) -> int:
    """Return 1 if the claim holds for the picture, -1 if it does not, 0 if unknown."""
    if claim.label != facts.label:
        return 0 if claim.label == facts.context else -1
    if claim.context is not None:
        return 1 if claim.context == facts.context else -1
    if claim.detail is None or claim.detail in facts.details:
        return 1
    return -1 if facts.complete else 0


class CaptionSource:
    """Writes captions: every label, coat and pet with a context each time, and some colours and finer kinds."""

    def __init__(self, details: dict[str, set[str]], labels_file: Path = LABELS_FILE) -> None:
        """`details` maps a label to the finer kinds and colours that its pictures have."""
        groups = tomllib.loads(labels_file.read_text(encoding="utf-8"))["groups"]
        pet, fur = groups["pet"], groups["fur"]
        self.pet_templates: tuple[str, ...] = tuple(pet["templates"])
        self.fur_templates: tuple[str, ...] = tuple(fur["templates"])
        self.pets: dict[str, str] = pet["labels"]
        self.contexts: tuple[str, ...] = tuple(pet["context"])
        words = {**self.pets, **{word: word for word in (*pet["background"], *self.contexts)}}
        self.labels = [Claim(name, (word, *SYNONYMS.get(name, ()))) for name, word in words.items()]
        self.furs = [
            Claim(parent, (word.replace("{parent}", words[parent]),), detail=name)
            for parent in fur["parent_labels"]
            for name, word in fur["labels"].items()
        ]
        self.pairs = [
            Claim(name, tuple(f"{word} with a {context}" for word in (pet, *SYNONYMS.get(name, ()))), context=context)
            for name, pet in self.pets.items()
            for context in self.contexts
        ]
        self.details = list(self._details(details))

    @property
    def claims(self) -> list[Claim]:
        """All claims that a caption can make."""
        return [*self.labels, *self.furs, *self.pairs, *self.details]

    def _details(self, details: dict[str, set[str]]) -> Iterator[Claim]:
        for label, names in sorted(details.items()):
            for name in sorted(names - {label}):
                of_label = label in self.pets or name in COLOURS
                yield Claim(label, (f"{name} {label}" if of_label else name,), detail=name)

    def sample(self, rng: Random, details: int = 6) -> list[tuple[Claim, str]]:
        """Return one caption for every label, coat and pair, and `details` others, each in random words."""
        picked = rng.sample(self.details, min(details, len(self.details)))
        return [(claim, self.write(claim, rng)) for claim in (*self.labels, *self.furs, *self.pairs, *picked)]

    def write(self, claim: Claim, rng: Random) -> str:
        """Return the claim as a sentence, in a template of labels.toml or another one, with its word or a synonym."""
        own = self.fur_templates if claim in self.furs else self.pet_templates
        template = rng.choice(own if rng.random() < 0.6 else MORE_TEMPLATES)
        return template.replace("{}", claim.words[0] if rng.random() < 0.7 else rng.choice(claim.words))

    def corpus(self) -> list[str]:
        """Return all possible captions, as the corpus of the tokenizer."""
        templates = (*self.pet_templates, *self.fur_templates, *MORE_TEMPLATES)
        return [template.replace("{}", word) for template in templates for claim in self.claims for word in claim.words]
