"""examples/near_duplicates.py finds near-duplicates through the API."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from examples.near_duplicates import near_duplicates
from tests.conftest import encode
from tests.support.programs import ROOT, completed

# The random model of the tests finds all images similar, so this threshold is high.
THRESHOLD = "0.9995"


@pytest.fixture
def folder(tmp_path: Path, cat_photo: Image.Image) -> Path:
    files = {
        "cat.png": encode(cat_photo, "PNG"),
        "again/cat.jpg": encode(cat_photo, "JPEG", quality=80),
        "again/smaller.webp": encode(cat_photo.resize((300, 200)), "WEBP", quality=90),
        "negative.png": encode(ImageOps.invert(cat_photo), "PNG"),
        "noise.png": encode(Image.effect_noise((300, 200), 80), "PNG"),
        "broken.jpg": b"no picture",
        "notes.txt": b"no picture",
    }
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return completed(sys.executable, "-I", ROOT / "examples/near_duplicates.py", *arguments)


def test_finds_near_duplicates(service: str, folder: Path) -> None:
    result = run(folder, "--url", f"{service}/", "--threshold", THRESHOLD)
    assert result.returncode == 0, result.stderr
    pairs = [line.split("  ") for line in result.stdout.splitlines()]
    names = {frozenset(Path(path).name for path in paths) for _, *paths in pairs}
    assert names == {
        frozenset(pair) for pair in (("cat.png", "cat.jpg"), ("cat.png", "smaller.webp"), ("cat.jpg", "smaller.webp"))
    }
    assert [cosine for cosine, *_ in pairs] == sorted((cosine for cosine, *_ in pairs), reverse=True)
    assert result.stderr.startswith(f"{folder}/broken.jpg: This file is not a readable image")


def test_unreachable_service_is_reported(folder: Path) -> None:
    result = run(folder, "--url", "http://127.0.0.1:9")
    assert (result.returncode, result.stdout) == (1, "")
    assert "refused" in result.stderr


def test_pairs_come_most_similar_first() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    vectors = {a: [1.0, 0.0], b: [0.8, 0.6], c: [0.0, 1.0]}
    assert near_duplicates(vectors, 0.5) == [(0.8, a, b), (0.6, b, c)]
