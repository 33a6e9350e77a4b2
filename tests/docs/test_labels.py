"""docs/labels.md, executed: its labels are checked, baked, served and tagged with."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from function import bake, cli
from function.api.app import create_app
from function.settings import Settings
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS
from tests.docs.conftest import DOCS, blocks, console


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    (toml,) = blocks("labels", "toml")
    (folder / "food.toml").write_text(toml)
    (folder / "wrong.toml").write_text(toml.replace('["pizza", "cake"]', '["pizza", "pie"]'))
    return folder


@pytest.fixture(scope="module")
def food(folder: Path, small_checkpoint: Path) -> Path:
    """The labels of the page, baked with the command of the page but for the model."""
    command = next(line for line in blocks("labels", "bash")[0].splitlines() if "function.bake" in line)
    arguments = shlex.split(command)[3:]
    arguments[arguments.index("--model") + 1] = str(small_checkpoint)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert bake.main(arguments) == 0
    return folder / "build/food"


@pytest.mark.parametrize(("command", "answer"), console("labels"), ids=["right", "wrong"])
def test_the_check_says_what_the_page_says(folder: Path, command: str, answer: str) -> None:
    python, *arguments = shlex.split(command)
    assert python == "python"
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(DOCS.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2 if "wrong" in command else 0, answer)


def test_what_is_live_can_be_seen(food: Path, cat_jpeg: bytes) -> None:
    tagger = Tagger.load(food, "float32", MAX_PIXELS)
    with TestClient(create_app(tagger, Settings())) as client:
        dish, size = client.get("/labels").json()["groups"]
        tags = client.post("/tag?min_score=0", content=cat_jpeg).json()
        assert client.get("/labels").json()["digest"] == client.get("/health").json()["labels_digest"]
    assert dish["labels"] == ["pizza", "soup", "salad", "cake"]
    assert (size["parent"], size["parent_labels"]) == ("dish", ["pizza", "cake"])
    scores = {tag["label"]: tag["score"] for tag in tags}
    assert set(scores) == {"pizza", "soup", "salad", "cake", "small", "large"}
    assert scores["small"] + scores["large"] == pytest.approx(scores["pizza"] + scores["cake"], abs=1e-5)
    assert sum(scores[dish] for dish in ("pizza", "soup", "salad", "cake")) < 1


def test_the_command_line_tags_with_it(
    food: Path, folder: Path, cat_jpeg: bytes, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lunch.jpg").write_bytes(cat_jpeg)
    command = next(line for line in blocks("labels", "bash")[0].splitlines() if "function tag" in line)
    monkeypatch.chdir(folder)
    assert food == folder / "build/food"
    assert cli.main(shlex.split(command)[3:]) == 0
    assert "pizza" in capfd.readouterr().out
