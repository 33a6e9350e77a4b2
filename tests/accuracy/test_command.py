"""`make accuracy` downloads, bakes, measures and writes its page; an interrupted run continues; errors are one line."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from function.model.checkpoint import DEFAULT_MODEL
from tests.accuracy.conftest import CHOSEN, FileServer, serve_files
from tests.support.programs import ROOT, run
from tools.accuracy import page
from tools.accuracy.__main__ import main
from tools.accuracy.pets import BREEDS
from tools.evaluate.figures import OTHER_THINGS

Command = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def server(data_sets: Path) -> Iterator[FileServer]:
    with serve_files(data_sets) as served:
        yield served


@pytest.fixture
def command(
    server: FileServer,
    small_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Runs the command with the server's data; returns the exit code, the output, and the command's errors."""
    monkeypatch.setenv("PETS_URL", f"{server.url}/pets")
    monkeypatch.setenv("COCO_URL", f"{server.url}/coco")

    def command(*options: str) -> tuple[int, str, list[str]]:
        capsys.readouterr()
        code = main(["--model", str(small_checkpoint), "--folder", str(tmp_path), "--docs", str(tmp_path), *options])
        printed = capsys.readouterr()
        return code, printed.out, [line for line in printed.err.splitlines() if line.startswith("accuracy:")]

    return command


def test_interrupted_run_continues_and_writes_the_page(server: FileServer, command: Command, tmp_path: Path) -> None:
    server.breaks, server.interrupts = "images.tar.gz", True
    interrupted = (130, "", ["accuracy: interrupted. Run the command again to continue."])
    assert command("--no-checksums") == interrupted
    done = (tmp_path / "pets/images.tar.gz.part").stat().st_size
    assert done > 0
    server.interrupts = False
    code, printed, errors = command("--no-checksums")
    assert (code, errors) == (0, [])
    assert server.ranges.count(("images.tar.gz", f"bytes={done}-")) == 2  # once in each run
    names = [name for name, _ in server.ranges]
    assert names.count("annotations_trainval2017.zip") == 1
    assert {name for name in names if name.endswith(".jpg")} == set(CHOSEN)
    written = (tmp_path / "accuracy.md").read_text()
    assert "Model: `small`. Pictures that could not be read: 1." in written
    assert "| breed, top-1 of 37 |" in written
    (top_1,) = re.findall(r"breed top-1 ([\d.]+)%", printed)
    assert f"| {float(top_1):.1f}% | {len(BREEDS) - 1} |" in written
    for name in re.findall(r"\]\(([\w-]+\.png)\)", written):
        with Image.open(tmp_path / name) as plot:
            assert plot.format == "PNG"
    assert len(list(tmp_path.glob("*.png"))) == 3
    _check_that_another_run_downloads_and_tags_nothing_again(server, command, tmp_path)


def _check_that_another_run_downloads_and_tags_nothing_again(
    server: FileServer, command: Command, folder: Path
) -> None:
    (answers,) = (folder / "answers").iterdir()
    lines, requests = answers.read_text().splitlines(), len(server.ranges)
    assert len(lines) == len(BREEDS) + len(CHOSEN)
    answers.write_text("\n".join(lines[:10]) + "\n" + lines[10][:20])  # as if the run had been killed while writing
    assert command("--no-checksums")[0] == 0
    assert [json.loads(line) for line in answers.read_text().splitlines()] == [json.loads(line) for line in lines]
    assert len(server.ranges) == requests


def test_export_writes_the_photos_to_folders_of_labels(command: Command, tmp_path: Path) -> None:
    assert command("--no-checksums", "--export", str(tmp_path / "photos"))[0] == 0
    photos = {path.relative_to(tmp_path / "photos").as_posix() for path in tmp_path.glob("photos/*/*")}
    assert {"dog/short-hair-pug_2.jpg", "cat/no-coat-Sphynx_2.jpg", "bird/birds.jpg"} <= photos
    assert {path for path in photos if path.startswith("other things/")} == {
        f"other things/{name}" for name, label in CHOSEN.items() if label == OTHER_THINGS
    }
    assert len(photos) == len(BREEDS) + len(CHOSEN)
    assert not (tmp_path / "models").exists()


def test_another_archive_is_refused_in_one_line(command: Command, tmp_path: Path) -> None:
    code, _, (error,) = command()
    assert code == 2
    assert "images.tar.gz: the file has MD5" in error
    assert not (tmp_path / "accuracy.md").exists()


def test_damaged_archives_are_refused_in_one_line(command: Command, tmp_path: Path) -> None:
    breeds, scenes = tmp_path / "pets/annotations.tar.gz", tmp_path / "coco/annotations_trainval2017.zip"
    scenes.parent.mkdir()
    with zipfile.ZipFile(scenes, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations/instances_val2017.json", "0123456789" * 100)
    content = scenes.read_bytes()
    scenes.write_bytes(content[:64] + b"\xff" * 10 + content[74:])
    code, _, errors = command("--no-checksums", "--export", str(tmp_path / "photos"))
    assert (code, len(errors)) == (2, 1)
    assert re.fullmatch(rf"accuracy: {scenes}: .+ Delete the file and run the command again\.", errors[0])
    breeds.write_bytes(b"damaged")
    code, _, errors = command("--no-checksums", "--export", str(tmp_path / "photos"))
    assert (code, len(errors)) == (2, 1)
    assert re.fullmatch(rf"accuracy: {breeds}: .+ Delete the file and run the command again\.", errors[0])


def test_a_model_that_does_not_exist_is_refused_in_one_line(command: Command) -> None:
    code, _, (error,) = command("--model", "/no/such/folder")
    assert code == 2
    assert error.startswith("accuracy: /no/such/folder: no such folder")


def test_committed_page_is_from_a_run_or_gives_the_command() -> None:
    committed = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8")
    assert "Not run yet" not in committed or committed == page.not_run_yet()


def test_make_accuracy_runs_the_command() -> None:
    printed = run("make", "--dry-run", "--assume-old=.venv/.ready", "MODEL_ID=somebody/clip", "accuracy")
    assert ".venv/bin/python -m tools.accuracy --model somebody/clip" in printed
    assert DEFAULT_MODEL not in printed
