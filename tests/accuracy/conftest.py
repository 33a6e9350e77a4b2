"""Small data sets in the layout of Oxford-IIIT Pets and COCO, and a server that can break off or interrupt."""

import io
import json
import signal
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import encode
from tests.support.http_server import Answer, Request, http_server
from tools.accuracy.pets import BREEDS
from tools.evaluate.figures import OTHER_THINGS

# The kinds in each picture. Only some pictures are chosen: a horse is no pet, and two kinds have no single answer.
SCENES = {
    "cat.jpg": ["cat"],
    "dog.jpg": ["dog"],
    "birds.jpg": ["bird", "bird"],
    "empty.jpg": [],
    "blank.jpg": [],
    "horse.jpg": ["horse"],
    "cat-and-dog.jpg": ["cat", "dog"],
    "cat-on-chair.jpg": ["cat", "chair"],
}
SUPERCATEGORIES = {**dict.fromkeys(("bird", "cat", "dog", "horse"), "animal"), "chair": "furniture"}
CHOSEN = {
    "cat.jpg": "cat",
    "dog.jpg": "dog",
    "birds.jpg": "bird",
    "cat-on-chair.jpg": "cat",
    "empty.jpg": OTHER_THINGS,
    "blank.jpg": OTHER_THINGS,
}


def instances(pictures: dict[str, list[str]], supercategories: dict[str, str]) -> dict[str, Any]:
    """Return annotations in COCO's format of the kinds in each picture."""
    kinds = list(supercategories)
    return {
        "categories": [
            {"id": i, "name": kind, "supercategory": parent} for i, (kind, parent) in enumerate(supercategories.items())
        ],
        "images": [{"id": i, "file_name": name} for i, name in enumerate(pictures)],
        "annotations": [
            {"image_id": i, "category_id": kinds.index(kind)}
            for i, shown in enumerate(pictures.values())
            for kind in shown
        ],
    }


@dataclass
class FileServer:
    """Serves a folder. `ranges` has the name and the Range header of every request.

    The connection breaks off in the middle of the file `breaks`, the first time. With `interrupts`, a request that
    continues a file interrupts the main thread, as Ctrl+C does.
    """

    folder: Path
    url: str = ""
    breaks: str = ""
    interrupts: bool = False
    ranges: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """Return a file or a part of it."""
        path, asked = self.folder / request.path.strip("/"), request.headers.get("Range")
        self.ranges.append((path.name, asked))
        content = path.read_bytes() if path.is_file() else b""
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked and self.interrupts:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if asked and start >= len(content):
            return 416, b"", {"Content-Range": f"bytes */{len(content)}"}
        rest = content[start:]
        kind = "text/html" if path.suffix == ".html" else "application/octet-stream"
        headers = {"Content-Length": str(len(rest)), "Content-Type": kind}
        if asked:
            return 206, rest, {**headers, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        if path.name == self.breaks:
            self.breaks = ""
            return 200, rest[: len(rest) // 2], headers
        return 200 if content else 404, rest, headers


@contextmanager
def serve_files(folder: Path) -> Iterator[FileServer]:
    served = FileServer(folder)
    with http_server(served.answer) as served.url:
        yield served


@pytest.fixture(scope="session")
def data_sets(tmp_path_factory: pytest.TempPathFactory, cat_photo: Image.Image) -> Path:
    """The folders `pets` and `coco`: two pictures of each breed, of which one is in the test split; and SCENES."""
    folder = tmp_path_factory.mktemp("data-sets")
    crops = (encode(cat_photo.crop((x, x, x + 96, x + 96)), "JPEG") for x in range(10_000))
    _write_pets(folder / "pets", crops)
    _write_coco(folder / "coco", crops)
    return folder


def _write_pets(folder: Path, crops: Iterator[bytes]) -> None:
    folder.mkdir()
    split = "".join(f"{breed}_2 {number} 1 1\n" for number, breed in enumerate(BREEDS, start=1))
    _write_tar(folder / "annotations.tar.gz", {"annotations/test.txt": split.encode()})
    images = {f"images/{breed}_{number}.jpg": next(crops) for breed in BREEDS for number in (1, 2)}
    images["images/pug_2.jpg"] = b"\xff\xd8 damaged"
    _write_tar(folder / "images.tar.gz", {**images, "images/pug_1.mat": b"not a picture"})


def _write_tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _write_coco(folder: Path, crops: Iterator[bytes]) -> None:
    (folder / "annotations").mkdir(parents=True)
    with zipfile.ZipFile(folder / "annotations/annotations_trainval2017.zip", "w") as archive:
        archive.writestr("annotations/instances_val2017.json", json.dumps(instances(SCENES, SUPERCATEGORIES)))
    (folder / "val2017").mkdir()
    for name in CHOSEN:
        (folder / "val2017" / name).write_bytes(next(crops))
