"""Small data sets in the layout of Oxford-IIIT Pets and COCO, and a server with ranges that can stall or break off."""

import http.server
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
    """Serves a folder. The file `stalls` is sent halfway only; `breaks` is cut off halfway, the first time.

    `ranges` has the name and the Range header of every request.
    """

    folder: Path
    url: str = ""
    stalls: str = ""
    breaks: str = ""
    stalled: threading.Event = field(default_factory=threading.Event)
    ranges: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def serve_files(folder: Path) -> Iterator[FileServer]:
    served, stop = FileServer(folder), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, asked = served.folder / self.path.strip("/"), self.headers["Range"]
            served.ranges.append((path.name, asked))
            content = path.read_bytes() if path.is_file() else b""
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            if asked and start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if asked else 200 if content else 404)
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("Content-Type", "text/html" if path.suffix == ".html" else "application/octet-stream")
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            half = len(content) // 2
            if path.name == served.stalls:
                self.wfile.write(content[start:half])
                self.wfile.flush()
                served.stalled.set()
                stop.wait(60)
            elif path.name == served.breaks:
                served.breaks = ""
                self.wfile.write(content[start:half])
            else:
                self.wfile.write(content[start:])

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    stop.set()
    server.shutdown()
    server.server_close()


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
