"""The answers that all clients must get, and the packages of JavaScript clients."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.support.programs import completed, require

_NODE = Path(__file__).parent / "node"
LABELS = ("a cat", "a dog", "a car")


@pytest.fixture(scope="session")
def cat_file(tmp_path_factory: pytest.TempPathFactory, cat_jpeg: bytes) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "cat.jpg"
    path.write_bytes(cat_jpeg)
    return path


@pytest.fixture(scope="session")
def node_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `tests/clients/node` with the packages that `package-lock.json` pins."""
    npm = require("npm")
    folder = tmp_path_factory.mktemp("node")
    shutil.copytree(_NODE, folder, dirs_exist_ok=True)
    result = completed(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder, timeout_s=300)
    if result.returncode != 0:
        (pytest.fail if os.environ.get("REQUIRE_TOOLS") else pytest.skip)(f"npm ci failed: {result.stderr[-500:]}")
    return folder


class Answers:
    """The answers that every client must get for the cat."""

    def __init__(self, tagger: Tagger, picture: bytes) -> None:
        self._tagger, self._picture = tagger, picture

    def check(self, answer: Any, *labels: str, **options: Any) -> None:
        """Assert that `answer`, the JSON that a client got, is the answer for these labels and options."""
        tags = self._tagger.tag(self._picture, TagOptions(candidate_labels=labels or None, **options)).tags
        assert [(tag["label"], tag["group"]) for tag in answer] == [(tag.label, tag.group) for tag in tags]
        assert [tag["score"] for tag in answer] == pytest.approx([tag.score for tag in tags], abs=1e-5)


@pytest.fixture(scope="session")
def answers(small_tagger: Tagger, cat_jpeg: bytes) -> Answers:
    return Answers(small_tagger, cat_jpeg)
