"""The labels of docs/labels.md are baked, served and used for tagging. test_pages.py runs the checks of that page."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from function import bake, cli
from tests.docs.conftest import blocks
from tests.support.programs import run
from tools.server_process import free_port, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    (toml,) = blocks("labels", "toml")
    (folder / "food.toml").write_text(toml)
    return folder


def words(program: str) -> list[str]:
    """Return the words of the page's command that runs `program`."""
    (command,) = [line for line in blocks("labels", "bash")[0].splitlines() if program in line]
    return shlex.split(command)


@pytest.fixture(scope="module")
def food(folder: Path, small_checkpoint: Path) -> Path:
    """The labels of the page, baked with the command of the page but for the model."""
    _, _, _, *arguments = words("function.bake")
    arguments[arguments.index("--model") + 1] = str(small_checkpoint)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert bake.main(arguments) == 0
    return folder / "build/food"


@pytest.fixture(scope="module")
def service(food: Path, folder: Path) -> Iterator[httpx2.Client]:
    """The service, started with the command of the page but for the port."""
    model_dir, _, *arguments = words("uvicorn")
    assert model_dir == "MODEL_DIR=build/food"
    port = free_port()
    command = [sys.executable, *(str(port) if word == "7860" else word for word in arguments)]
    with serving(*command, port=port, log=folder / "log", environment={"MODEL_DIR": str(food)}) as client:
        yield client


def test_service_lists_the_labels_in_use(service: httpx2.Client, cat_jpeg: bytes) -> None:
    command = shlex.split(blocks("labels", "bash")[1].replace("localhost:7860", str(service.base_url).rstrip("/")))
    seen = json.loads(run(*command, "-sS"))
    dish, size = seen["groups"]
    assert dish["labels"] == ["pizza", "soup", "salad", "cake"]
    assert (size["parent"], size["parent_labels"]) == ("dish", ["pizza", "cake"])
    assert seen["digest"] == service.get("/health").json()["labels_digest"]
    tags = service.post("/tag?min_score=0", content=cat_jpeg).json()
    scores = {tag["label"]: tag["score"] for tag in tags}
    assert set(scores) == {"pizza", "soup", "salad", "cake", "small", "large"}
    assert scores["small"] + scores["large"] == pytest.approx(max(scores["pizza"], scores["cake"]), abs=1e-5)
    assert sum(scores[dish] for dish in ("pizza", "soup", "salad", "cake")) < 1


@pytest.mark.usefixtures("food")
def test_command_line_tags_with_the_labels_of_the_page(
    folder: Path, cat_jpeg: bytes, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lunch.jpg").write_bytes(cat_jpeg)
    monkeypatch.chdir(folder)
    assert cli.main([*words("function tag")[3:], "--min-score", "0"]) == 0
    assert "pizza" in capfd.readouterr().out
