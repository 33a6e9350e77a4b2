"""The service as users run it: uvicorn in a process of its own, on a free port, stopped at the end."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.delivered import free_port, serving

LABELS = ("a cat", "a dog", "a car")


@pytest.fixture(scope="session")
def service(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service's URL, without a slash at its end."""
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", "function.handler:app", "--port", str(port))
    log, environment = tmp_path_factory.mktemp("service") / "log", {"MODEL_DIR": str(small_model)}
    with serving(*command, port=port, log=log, environment=environment):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def cat_file(tmp_path_factory: pytest.TempPathFactory, cat_jpeg: bytes) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "cat.jpg"
    path.write_bytes(cat_jpeg)
    return path


class Answers:
    """What every client must be answered for the cat."""

    def __init__(self, tagger: Tagger, picture: bytes) -> None:
        self._tagger, self._picture = tagger, picture

    def check(self, found: Any, *labels: str, **options: Any) -> None:
        """Assert that `found`, the JSON that a client got, is the answer to these labels of its own, and options."""
        tags = self._tagger.tag(self._picture, TagOptions(candidate_labels=labels, **options)).tags
        assert [(tag["label"], tag["group"]) for tag in found] == [(tag.label, tag.group) for tag in tags]
        assert [tag["score"] for tag in found] == pytest.approx([tag.score for tag in tags], abs=1e-5)


@pytest.fixture(scope="session")
def answers(small_tagger: Tagger, cat_jpeg: bytes) -> Answers:
    return Answers(small_tagger, cat_jpeg)
