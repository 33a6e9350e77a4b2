"""COCO val2017: pictures with one kind of pet, and pictures without animals.

Lin et al., "Microsoft COCO: Common Objects in Context", 2014: cocodataset.org. The server has no valid
certificate for its name, so the default address is plain HTTP. The annotations have a checksum. The images have none.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tqdm import tqdm

from tools.accuracy.download import DownloadError, fetch
from tools.evaluate.figures import OTHER_THINGS

ADDRESS = "http://images.cocodataset.org"
_ANNOTATIONS, _CHECKSUM = "annotations_trainval2017.zip", "f4bbac642086de4f52a3fdda2de5fa2c"
_PETS = ("cat", "dog", "bird")
# COCO's categories for the contexts of function/labels.toml. It has none for rooms and faces.
_CONTEXTS = {"person": "person", "couch": "sofa", "dining table": "table", "potted plant": "plant"}
_FOOD = "plate of food"
_WITHOUT_ANIMALS = 500  # as many as there are pictures with cats, dogs or birds, about
_DOWNLOADS = 8  # at a time


@dataclass(frozen=True)
class Coco:
    """The downloaded pictures. `labels` maps the name of each file to its pet, or to OTHER_THINGS.

    `contexts` maps the names of files to a context of `function/labels.toml` that they show.
    """

    folder: Path
    labels: dict[str, str]
    contexts: dict[str, str] = field(default_factory=dict)

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the content of every file."""
        return ((name, (self.folder / name).read_bytes()) for name in self.labels)


def download(client: httpx2.Client, address: str, folder: Path, checksums: bool) -> Coco:
    """Return the chosen pictures, downloaded into `folder` if necessary.

    Raises DownloadError.
    """
    checksum = _CHECKSUM if checksums else None
    url = f"{address}/annotations/{_ANNOTATIONS}"
    archive = fetch(client, url, folder / _ANNOTATIONS, checksum, progress=True)
    try:
        with zipfile.ZipFile(archive) as file:
            instances = json.loads(file.read("annotations/instances_val2017.json"))
        labels, contexts = choose(instances), contexts_of(instances)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError) as error:
        raise DownloadError(f"{archive}: {error!r}. Delete the file and run the command again.") from error

    def get(name: str) -> Path:
        return fetch(client, f"{address}/val2017/{name}", folder / "val2017" / name)

    with ThreadPoolExecutor(_DOWNLOADS) as threads:
        try:
            list(tqdm(threads.map(get, labels), desc="val2017", total=len(labels), unit=" picture", disable=None))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return Coco(folder / "val2017", labels, contexts)


def choose(instances: dict[str, Any]) -> dict[str, str]:
    """Return the label of each chosen picture, by file name.

    All pictures whose only animals are cats, only dogs, or only birds; and evenly spaced pictures without animals.
    """
    categories = {entry["id"]: entry for entry in instances["categories"]}
    animals: dict[int, set[str]] = {image["id"]: set() for image in instances["images"]}
    for annotation in instances["annotations"]:
        category = categories[annotation["category_id"]]
        if category["supercategory"] == "animal":
            animals[annotation["image_id"]].add(category["name"])
    files = {image["id"]: image["file_name"] for image in instances["images"]}
    alone = {files[key]: min(kinds) for key, kinds in sorted(animals.items()) if len(kinds) == 1 and kinds <= {*_PETS}}
    without = [files[key] for key, kinds in sorted(animals.items()) if not kinds]
    chosen = without[:: max(1, len(without) // _WITHOUT_ANIMALS)][:_WITHOUT_ANIMALS]
    return {**alone, **dict.fromkeys(chosen, OTHER_THINGS)}


def contexts_of(instances: dict[str, Any]) -> dict[str, str]:
    """Return a context of each file that shows a person, a sofa, a table, a plant or food; the first of these."""
    order = [*_CONTEXTS.values(), _FOOD]
    contexts = {
        entry["id"]: _FOOD if entry["supercategory"] == "food" else _CONTEXTS[entry["name"]]
        for entry in instances["categories"]
        if entry["name"] in _CONTEXTS or entry["supercategory"] == "food"
    }
    shown: dict[int, set[str]] = {}
    for annotation in instances["annotations"]:
        if context := contexts.get(annotation["category_id"]):
            shown.setdefault(annotation["image_id"], set()).add(context)
    files = {image["id"]: image["file_name"] for image in instances["images"]}
    return {files[key]: min(names, key=order.index) for key, names in shown.items()}
