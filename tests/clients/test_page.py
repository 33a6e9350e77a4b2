"""Every command and program in docs/clients.md works against the running service."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.clients.conftest import LABELS, Answers
from tests.docs.conftest import blocks, console
from tests.support.programs import ROOT, require

COMMANDS = [command for command, _ in console("clients")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cat_file: Path, cat_photo: Image.Image) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "cat.png").write_bytes(cat_file.read_bytes())  # the service ignores the suffix
    (folder / "pictures").mkdir()
    for i, quality in enumerate((95, 80)):
        cat_photo.save(folder / f"pictures/{i}.jpg", quality=quality)
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def run(service: str, folder: Path, program: str, *command: str) -> str:
    """Return the output of `command` with the program as its last argument, against the running service."""
    address = service.removeprefix("http://")
    result = subprocess.run(
        [*command, program.replace("localhost:7860", address)],
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def tags_of(service: str, folder: Path, command: str) -> object:
    return json.loads(run(service, folder, command, "bash", "-o", "pipefail", "-c"))


def test_curl(service: str, folder: Path, answers: Answers) -> None:
    form, own, raw, as_json, invalid = (command for command in COMMANDS if "7860/tag" in command)
    answers.check(tags_of(service, folder, form))
    answers.check(tags_of(service, folder, own), *LABELS, top_k=2)
    answers.check(tags_of(service, folder, raw), top_k=2)
    answers.check(tags_of(service, folder, as_json), top_k=2)
    assert json.loads(run(service, folder, invalid, "bash", "-c"))["code"] == "invalid_option"


def test_embeddings(service: str, folder: Path) -> None:
    picture, text, texts = (
        json.loads(run(service, folder, command, "bash", "-c")) for command in COMMANDS if "7860/embed" in command
    )
    assert (picture[:2], text[:2], texts[:2]) == ([24, "small"],) * 3
    assert texts[2] == pytest.approx(text[2], abs=1e-6)
    assert [len(vector) for vector in (picture[2], *texts[2:])] == [3, 3, 3]


def test_near_duplicates(service: str, folder: Path) -> None:
    (command,) = (command for command in COMMANDS if command.startswith("python "))
    printed = run(service, folder, command, "bash", "-c").split()
    assert printed[1:] == ["pictures/0.jpg", "pictures/1.jpg"]


def test_python(service: str, folder: Path) -> None:
    (program,) = blocks("clients", "python")
    service_labels, own_labels = run(service, folder, program, sys.executable, "-c").splitlines()
    assert service_labels.count("label=") == 3
    assert all(repr(label) in own_labels for label in LABELS)


def test_javascript(service: str, folder: Path, node_programs: Path) -> None:
    (folder / "node_modules").symlink_to(node_programs / "node_modules")
    sdk, fetch = (
        run(service, folder, program, require("node"), "--input-type=module", "--no-warnings", "-e")
        for program in blocks("clients", "javascript")
    )
    assert "group: 'pet'" in sdk
    assert all(repr(label) in sdk for label in LABELS)
    assert "group: 'pet'" in fetch
