"""Shared fixtures: small checkpoints, baked and loaded with the production code, and pictures."""

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from function import bake
from function.api.app import create_app
from function.settings import Settings
from function.tagging.tagger import Tagger
from tests.support.programs import MODEL, ROOT
from tools.server_process import free_port, serving
from tools.small_checkpoint import make_checkpoint

MAX_PIXELS = 51_000_000
# In this thread only. Small models are slower with two threads, most of all on a busy machine.
torch.set_num_threads(1)
# A background job of a shell script ignores SIGINT, and so would the programs that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP checkpoint with random weights, in Hugging Face's layout."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "small")


@pytest.fixture(scope="session")
def small_model(small_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small checkpoint, baked with the built-in labels."""
    out = tmp_path_factory.mktemp("baked") / "small"
    assert bake.main(["--model", str(small_checkpoint), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def small_tagger(small_model: Path) -> Tagger:
    """A tagger with the small model."""
    return Tagger.load(small_model, "float32", MAX_PIXELS)


@pytest.fixture(scope="module")
def client(small_tagger: Tagger) -> Iterator[TestClient]:
    """A client of the app with the small model. There is no server."""
    with TestClient(create_app(small_tagger, Settings())) as client:
        yield client


@pytest.fixture(scope="session")
def service(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the local server with the small model, without a slash at its end. Uploads time out after 3 s."""
    environment = {"MODEL_DIR": str(small_model), "MAX_UPLOAD_SECONDS": "3"}
    with local_server("function.handler:app", tmp_path_factory.mktemp("service") / "log", environment) as url:
        yield url


@pytest.fixture(scope="session")
def demo_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model, baked with the built-in labels."""
    out = tmp_path_factory.mktemp("baked") / "demo"
    assert bake.main(["--model", str(ROOT / MODEL), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def demo_tagger(demo_model: Path) -> Tagger:
    """A tagger with the demo model."""
    return Tagger.load(demo_model, "float32", MAX_PIXELS)


@pytest.fixture(scope="session")
def cat_photo() -> Image.Image:
    """A photo of a cat, 451 x 300 (Stéfan van der Walt's Chelsea, CC0)."""
    with Image.open(Path(__file__).parent / "support/chelsea.webp") as photo:
        return photo.convert("RGB")


@pytest.fixture(scope="session")
def cat_jpeg(cat_photo: Image.Image) -> bytes:
    return encode(cat_photo, "JPEG", quality=90)


@pytest.fixture(scope="session")
def drawing_jpeg() -> bytes:
    """A drawing of a cat, 640 x 640, for which the demo model has several tags with scores far from 0 and 1."""
    with Image.open(ROOT / "tests/pictures/cat/hand-made-2.png") as drawing:
        return encode(drawing.convert("RGB").resize((640, 640)), "JPEG", quality=90)


@pytest.fixture(scope="session")
def cat_png(cat_photo: Image.Image) -> bytes:
    return encode(cat_photo, "PNG")


@contextmanager
def local_server(app: str, log: Path, environment: dict[str, str]) -> Iterator[str]:
    """Serve an ASGI app in a separate process, which logs to the file `log`; yield the URL without a slash at its end.

    `app` has uvicorn's format, "module:name".
    """
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", app, "--port", str(port))
    with serving(*command, port=port, log=log, environment=environment):
        yield f"http://127.0.0.1:{port}"


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Return `image` encoded as `image_format`."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()
