"""Writes the photos to folders that say what they show, as `python -m tools.evaluate` reads them."""

from pathlib import Path

from tools.accuracy.coco import Coco
from tools.accuracy.pets import BREEDS, Pets
from tools.evaluate.figures import OTHER_THINGS

_OTHER = "other things"


def export(pets: Pets, coco: Coco, folder: Path) -> None:
    """Write the photos of both data sets. The name of a photo of Oxford-IIIT Pets begins with its coat.

    Raises DownloadError if the archive of the pets is broken.
    """
    for name, data in pets.pictures():
        breed = BREEDS[pets.breeds[name]]
        _write(folder / breed.species / f"{breed.coat or 'no-coat'}-{name}.jpg", data)
    for name, data in coco.pictures():
        _write(folder / _place(coco.labels[name], coco.contexts.get(name)) / name, data)


def _place(label: str, context: str | None) -> str:
    """Return the name of the folder for a label or other things, and a context."""
    if label == OTHER_THINGS:
        return context or _OTHER
    return f"{label} with {context}" if context else label


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
