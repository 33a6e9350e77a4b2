"""`make accuracy` downloads, bakes, measures and writes its page; an interrupted run continues; errors are one line."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from function.model.checkpoint import DEFAULT_MODEL
from tests.accuracy.conftest import CHOSEN, FileServer, serve_files
from tests.support.hub import serve_hub
from tests.support.programs import ROOT
from tools.accuracy import page
from tools.accuracy.__main__ import main
from tools.accuracy.pets import BREEDS

REVISION = "0123456789abcdef0123456789abcdef01234567"
_TIMEOUT_S = 300  # many times what it takes on an idle machine


@pytest.fixture
def server(data_sets: Path) -> Iterator[FileServer]:
    with serve_files(data_sets) as served:
        yield served


@contextmanager
def started(server: FileServer, hub: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the command on data and hub of this machine; `folder` gets everything that it writes."""
    addresses = {"PETS_URL": f"{server.url}/pets", "COCO_URL": f"{server.url}/coco", "HF_ENDPOINT": hub}
    options = ["--model", "somebody/small-clip", "--no-checksums", "--folder", str(folder), "--docs", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "tools.accuracy", *options],
        cwd=ROOT,
        env={**os.environ, **addresses, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "0", "no_proxy": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_interrupted_run_continues_and_writes_the_page(
    server: FileServer, small_checkpoint: Path, tmp_path: Path
) -> None:
    with serve_hub("somebody/small-clip", REVISION, small_checkpoint) as hub:
        server.breaks, server.stalls = "images.tar.gz", True
        with started(server, hub.url, tmp_path) as process:
            assert server.stalled.wait(_TIMEOUT_S)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=_TIMEOUT_S)
        last = "accuracy: interrupted. Run the command again to continue."
        assert (process.returncode, errors.splitlines()[-1]) == (130, last)
        done = (tmp_path / "pets/images.tar.gz.part").stat().st_size
        assert done > 0
        server.stalls = False
        with started(server, hub.url, tmp_path) as process:
            printed, errors = process.communicate(timeout=_TIMEOUT_S)
    assert process.returncode == 0, errors
    assert server.ranges.count(("images.tar.gz", f"bytes={done}-")) == 2  # once in each run
    names = [name for name, _ in server.ranges]
    assert names.count("annotations_trainval2017.zip") == 1
    assert {name for name in names if name.startswith("0000")} == {f"{number:012}.jpg" for number in CHOSEN}
    written = (tmp_path / "accuracy.md").read_text()
    assert f"Model: `somebody/small-clip@{REVISION[:7]}`. Pictures that could not be read: 1." in written
    assert "| breed, top-1 of 37 |" in written
    (top_1,) = re.findall(r"breed top-1 ([\d.]+)%", printed)
    assert f"| {float(top_1):.1f}% | {len(BREEDS) - 1} |" in written
    for name in re.findall(r"\]\(([\w-]+\.png)\)", written):
        with Image.open(tmp_path / name) as plot:
            assert plot.format == "PNG"
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_a_second_run_downloads_and_tags_nothing_again(
    server: FileServer, small_checkpoint: Path, tmp_path: Path
) -> None:
    options = ["--model", str(small_checkpoint), "--no-checksums", "--folder", str(tmp_path), "--docs", str(tmp_path)]
    options += ["--pets-url", f"{server.url}/pets", "--coco-url", f"{server.url}/coco"]
    assert main(options) == 0
    (answers,) = (tmp_path / "answers").iterdir()
    lines = answers.read_text().splitlines()
    assert len(lines) == len(BREEDS) + len(CHOSEN)
    requests = len(server.ranges)
    answers.write_text("\n".join(lines[:10]) + "\n" + lines[10][:20])  # as if the run had been killed while writing
    assert main(options) == 0
    assert [json.loads(line) for line in answers.read_text().splitlines()] == [json.loads(line) for line in lines]
    assert len(server.ranges) == requests


def test_export_writes_the_photos_to_folders_of_labels(server: FileServer, tmp_path: Path) -> None:
    options = ["--no-checksums", "--folder", str(tmp_path), "--export", str(tmp_path / "photos")]
    assert main([*options, "--pets-url", f"{server.url}/pets", "--coco-url", f"{server.url}/coco"]) == 0
    photos = {path.relative_to(tmp_path / "photos").as_posix() for path in tmp_path.glob("photos/*/*")}
    assert {"dog/short-hair-pug_2.jpg", "cat/no-coat-Sphynx_2.jpg", f"bird/{3:012}.jpg"} <= photos
    assert {path for path in photos if path.startswith("other things/")} == {
        f"other things/{number:012}.jpg" for number, label in CHOSEN.items() if label is None
    }
    assert len(photos) == len(BREEDS) + len(CHOSEN)
    assert not (tmp_path / "models").exists()


def test_another_archive_is_refused_in_one_line(
    server: FileServer, small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model", str(small_checkpoint), "--folder", str(tmp_path), "--docs", str(tmp_path)]
    assert main([*options, "--pets-url", f"{server.url}/pets", "--coco-url", server.url]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("accuracy:")]
    assert len(errors) == 1
    assert "images.tar.gz: the file has MD5" in errors[0]
    assert not (tmp_path / "accuracy.md").exists()


def test_a_model_that_does_not_exist_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "/no/such/folder", "--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("accuracy: /no/such/folder: no such folder")


def test_committed_page_is_from_a_run_or_gives_the_command() -> None:
    committed = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8")
    assert "Not run yet" not in committed or committed == page.not_run_yet()


def test_make_accuracy_runs_the_command() -> None:
    environment = {**os.environ, "MODEL_ID": "somebody/clip"}
    command = ["make", "--dry-run", "--assume-old=.venv/.ready", "accuracy"]
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert ".venv/bin/python -m tools.accuracy --model somebody/clip" in printed
    assert DEFAULT_MODEL not in printed
