"""Small data sets in the layout of Oxford-IIIT Pets and COCO, and a server with ranges that can break off or stall."""

import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import encode
from tests.support.http_server import Answer, Request, http_server
from tools.accuracy.pets import BREEDS

# Image id -> kinds of animals. Only some are chosen: a horse is no pet, and two kinds have no single answer.
SCENES = {
    1: ["cat"],
    2: ["dog"],
    3: ["bird", "bird"],
    4: [],
    5: [],
    6: ["horse"],
    7: ["cat", "dog"],
    8: ["cat", "chair"],
}
CHOSEN = {1: "cat", 2: "dog", 3: "bird", 8: "cat", 4: None, 5: None}


@dataclass
class FileServer:
    """Serves a folder. `ranges` has the name and the Range header of every request.

    The connection breaks off in the middle of the file `breaks`, the first time. With `stalls`, the server does not
    answer the next request for this file until it is stopped.
    """

    folder: Path
    url: str = ""
    breaks: str = ""
    stalls: bool = False
    stalled: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    ranges: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """Return a file or a part of it."""
        path, asked = self.folder / request.path.strip("/"), request.headers.get("Range")
        self.ranges.append((path.name, asked))
        content = path.read_bytes() if path.is_file() else b""
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked and self.stalls:
            self.stalled.set()
            self.stopped.wait(300)
        if asked and start >= len(content):
            return 416, b"", {"Content-Range": f"bytes */{len(content)}"}
        headers = {
            "Content-Length": str(len(content) - start),
            "Content-Type": "text/html" if path.suffix == ".html" else "application/octet-stream",
        }
        if asked:
            return (
                206,
                content[start:],
                {**headers, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"},
            )
        if path.name == self.breaks:
            self.breaks = ""
            return 200, content[: len(content) // 2], headers
        return 200 if content else 404, content, headers


@contextmanager
def serve_files(folder: Path) -> Iterator[FileServer]:
    served = FileServer(folder)
    with http_server(served.answer) as served.url:
        yield served
        served.stopped.set()


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
    names = ["bird", "cat", "dog", "horse", "chair"]
    instances = {
        "categories": [
            {"id": i, "name": name, "supercategory": "furniture" if name == "chair" else "animal"}
            for i, name in enumerate(names)
        ],
        "images": [{"id": number, "file_name": f"{number:012}.jpg"} for number in SCENES],
        "annotations": [
            {"image_id": number, "category_id": names.index(kind)} for number, kinds in SCENES.items() for kind in kinds
        ],
    }
    (folder / "annotations").mkdir(parents=True)
    with zipfile.ZipFile(folder / "annotations/annotations_trainval2017.zip", "w") as archive:
        archive.writestr("annotations/instances_val2017.json", json.dumps(instances))
    (folder / "val2017").mkdir()
    for number in CHOSEN:
        (folder / f"val2017/{number:012}.jpg").write_bytes(next(crops))
