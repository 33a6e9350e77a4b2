"""Figures from the answers: accuracy of breeds, pets and coats, quiet rate, presence, calibration."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from function.tagging.labels import LabelSet
from tools.accuracy.coco import Coco
from tools.accuracy.pets import BREEDS, Pets
from tools.evaluate.figures import Answer, GroupReport, Presence, by_context, summarise

Answers = dict[str, dict[str, Any]]
TITLES = {"breed": "breed", "species": "cat or dog", "coat": "coat", "coco": "pets in scenes"}


@dataclass(frozen=True)
class Figures:
    """All figures of a run, with the answers that the plots need. `unreadable` counts pictures."""

    breed: GroupReport
    species: GroupReport
    coat: GroupReport
    coco: GroupReport
    presence: dict[str, Presence]
    given: dict[str, list[Answer]]
    unreadable: int

    @property
    def mean_breed_recall(self) -> float:
        """The mean of the breeds' recalls, which is what OpenAI and open_clip publish for this data set."""
        recalls = [recall for recall in self.breed.recall.values() if recall is not None]
        return sum(recalls) / len(recalls)


def compute(pets: Pets, coco: Coco, answers: Answers, labels: LabelSet) -> Figures:
    """Return the figures of a run. `answers` may lack pictures that could not be read."""
    truths = {name: BREEDS[breed] for name, breed in pets.breeds.items()}
    given = {
        "breed": _pair({name: breed.words for name, breed in truths.items()}, answers, "breed"),
        "species": _pair({name: breed.species for name, breed in truths.items()}, answers, "pet"),
        "coat": _pair({name: breed.coat for name, breed in truths.items() if breed.coat}, answers, "fur"),
        "coco": _pair(coco.labels, answers, "pet", coco.contexts),
    }
    pet, fur = (next(tuple(group.labels) for group in labels.groups if group.name == name) for name in ("pet", "fur"))
    names = {"breed": tuple(breed.words for breed in BREEDS.values()), "species": pet, "coat": fur, "coco": pet}
    reports = {kind: summarise(TITLES[kind], names[kind], rows) for kind, rows in given.items()}
    unreadable = sum("error" in answers[name] for name in (*pets.breeds, *coco.labels))
    return Figures(**reports, presence=by_context(given["coco"]), given=given, unreadable=unreadable)


def _pair(truths: dict[str, Any], answers: Answers, group: str, contexts: Collection[str] = ()) -> list[Answer]:
    """Return the truth of each picture with the model's best label; pictures without an answer are left out."""
    pairs = ((name, truth, best) for name, truth in truths.items() if (best := answers[name].get(group)))
    return [Answer(truth, best, score, total, name in contexts) for name, truth, (best, score, total) in pairs]
