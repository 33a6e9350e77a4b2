"""The command line: the same tags as the service, error messages, and exit codes."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from function import cli
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.support import programs
from tests.support.answers import approximately

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, cat_jpeg: bytes, cat_png: bytes) -> Path:
    """A folder with images at several depths, a broken image, a hidden one, and other files."""
    folder = tmp_path / "pictures"
    files = {
        "cat.jpg": cat_jpeg,
        "broken.jpg": cat_jpeg[:5000],
        "deep/er/a cat.PNG": cat_png,
        "deep/notes.txt": b"no picture",
        "deep/.hidden.jpg": cat_jpeg,
        "deep/[1].jpg": cat_jpeg,
        "oddly-named.bin": cat_jpeg,
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def run(small_model: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("MODEL_DIR", str(small_model))

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = cli.main(["tag", *map(str, arguments)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return run


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_table_has_an_aligned_row_for_each_image(run: Run, folder: Path) -> None:
    code, out, _ = run(folder / "cat.jpg", folder / "deep", "--top-k", 2)
    rows = out.splitlines()
    assert (code, len(rows)) == (0, 3)
    width = len(str(folder / "deep/er/a cat.PNG"))
    assert {row[width : width + 2] for row in rows} == {"  "}
    assert [row[:width].rstrip() for row in rows] == [
        str(folder / name) for name in ("cat.jpg", "deep/[1].jpg", "deep/er/a cat.PNG")
    ]
    assert all(len(row[width:].split("  ")) == 3 for row in rows)
    assert run(folder / "cat.jpg", "--min-score", 1)[1].split() == [str(folder / "cat.jpg"), "-"]


def test_demo_model_without_tags_says_once_that_it_knows_drawings_only(
    run: Run, folder: Path, small_tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = replace(small_tagger.manifest, model_id="models/demo")
    monkeypatch.setattr(small_tagger, "manifest", demo)
    monkeypatch.setattr(Tagger, "load", lambda *_: small_tagger)
    code, _, err = run(folder / "cat.jpg", folder / "deep", "--min-score", 1)
    assert (code, err.count("The demo model knows drawings only."), len(err.splitlines())) == (0, 1, 1)
    assert "make run MODEL_ID=openai/clip-vit-base-patch32" in err
    assert run(folder / "cat.jpg")[2] == ""
    monkeypatch.setattr(small_tagger, "manifest", replace(demo, model_id="small"))
    assert run(folder / "cat.jpg", "--min-score", 1)[2] == ""


def test_json_has_a_line_for_each_image_also_for_broken_ones(run: Run, folder: Path) -> None:
    code, out, err = run(folder, folder / "missing.jpg", "--json")
    answers = {Path(line["picture"]).name: line for line in lines(out)}
    assert (code, err) == (1, "")
    assert set(answers) == {"cat.jpg", "broken.jpg", "[1].jpg", "a cat.PNG", "missing.jpg"}
    codes = {name: line["error"]["code"] for name, line in answers.items() if "error" in line}
    assert codes == {"broken.jpg": "undecodable_image", "missing.jpg": "unreadable"}


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("*.jpg", ["broken.jpg", "cat.jpg"]),
        ("**/*.PNG", ["deep/er/a cat.PNG"]),
        ("dee*", ["deep/[1].jpg", "deep/er/a cat.PNG"]),
        ("deep/[1].jpg", ["deep/[1].jpg"]),
        ("oddly-named.bin", ["oddly-named.bin"]),
        ("*.tiff", ["*.tiff"]),
    ],
)
def test_find_expands_files_folders_and_globs(folder: Path, pattern: str, files: list[str]) -> None:
    assert [path.relative_to(folder).as_posix() for path in cli.find(f"{folder}/{pattern}")] == files


def test_image_named_twice_is_tagged_once(run: Run, folder: Path) -> None:
    assert len(run(folder / "cat.jpg", f"{folder}/c*.jpg", folder / "cat.jpg")[1].splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], TagOptions()),
        (
            ["--labels", "a cat, a dog,a car", "--top-k", 2, "--min-score", 0.1],
            TagOptions(candidate_labels=("a cat", "a dog", "a car"), top_k=2, min_score=0.1),
        ),
        (["--background", "false"], TagOptions(background=False)),
        (["--function-to-apply", "none"], TagOptions(function_to_apply="none")),
        (
            ["--labels", "a cat,a dog,", "--background-labels", "a car"],
            TagOptions(candidate_labels=("a cat", "a dog"), background_labels=("a car",)),
        ),
    ],
)
def test_tags_and_options_are_those_of_the_tagger(
    run: Run, folder: Path, small_tagger: Tagger, cat_jpeg: bytes, arguments: list[object], options: TagOptions
) -> None:
    code, out, err = run(folder / "cat.jpg", "--json", *arguments)
    expected = approximately(small_tagger.tag(cat_jpeg, options).tags)
    assert (code, err) == (0, "")
    assert lines(out) == [{"picture": str(folder / "cat.jpg"), "tags": expected}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: PICTURES"),
        (["{folder}", "--colour"], "unrecognized arguments: --colour"),
        (["{folder}", "--top-k", "0"], "--top-k: Input should be greater than or equal to 1"),
        (["{folder}", "--min-score", "2"], "--min-score: "),
        (["{folder}", "--labels", "a,,b"], "--labels.1: "),
        (["{folder}", "--background-labels", "a"], "--background-labels: only allowed together with --labels"),
        (["{folder}", "--background", "perhaps"], "--background: "),
        (["{folder}", "--labels", "x" * 100], "has 117 tokens. This model reads at most 77."),
        (["{folder}/empty"], "no images found"),
        (["{folder}", "--model-dir", "{folder}"], "manifest.json: missing: is this a baked model folder?"),
    ],
)
def test_usage_error_exits_with_2_and_tags_nothing(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    (folder / "empty").mkdir()
    code, out, err = run(*(argument.format(folder=folder) for argument in arguments))
    assert (code, out) == (2, "")
    assert message in err


def test_progress_bar_is_shown_on_terminals_only(small_model: Path, folder: Path) -> None:
    """Runs the command with and without a terminal as stderr."""
    command = [sys.executable, "-m", "function", "tag", str(folder / "cat.jpg"), "--model-dir", str(small_model)]
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    on_terminal = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal, suppress(OSError):  # reading a closed terminal raises OSError
        while more := terminal.read(10_000):
            shown += more
    assert b"1/1" in shown
    assert b"cat.jpg  " in on_terminal.stdout
    piped = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert (piped.stdout, piped.stderr) == (on_terminal.stdout, b"")


def test_closed_pipe_stops_quietly(small_model: Path, folder: Path) -> None:
    command = f"{sys.executable} -m function tag {folder}/cat.jpg {folder}/deep --model-dir {small_model} | true"
    result = subprocess.run(["bash", "-c", f"{command}; echo ${{PIPESTATUS[0]}}"], capture_output=True, check=True)
    assert (result.stdout, result.stderr) == (b"0\n", b"")


def test_interrupt_exits_with_130(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_print_row", interrupted)
    assert run(folder)[0] == 130


def test_file_name_with_invalid_unicode_is_tagged(run: Run, folder: Path, cat_jpeg: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jpg"))
    path.write_bytes(cat_jpeg)
    code, out, _ = run(path, "--json")
    assert (code, lines(out)[0]["picture"]) == (0, str(path))
    assert run(path, "--top-k", 1)[0] == 0


def test_imports_no_web_framework_and_no_transformers(small_model: Path, folder: Path) -> None:
    code = f"""
import sys
from function.cli import main
assert main(["tag", {str(folder / "cat.jpg")!r}, "--model-dir", {str(small_model)!r}]) == 0
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
    imported = programs.run(sys.executable, "-c", code).split()
    assert not {"transformers", "fastapi", "starlette", "mangum", "uvicorn"} & set(imported)
