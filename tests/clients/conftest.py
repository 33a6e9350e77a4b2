"""The service as users run it: uvicorn in a process of its own, on a free port, stopped at the end."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from function.tagging.tagger import Tagger, TagOptions

LABELS = ("a tabby cat", "a dog", "a car")
START_TIMEOUT_S = 60


@pytest.fixture(scope="session")
def service(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service's URL, without a slash at its end."""
    log = tmp_path_factory.mktemp("service") / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "function.handler:app", "--port", "0"],
            env={**os.environ, "MODEL_DIR": str(small_model)},
            stdout=file,
            stderr=file,
        )
    try:
        yield _url(process, log)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the URL that uvicorn says it listens on, once it says so."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"running on (http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"the service did not start: {log.read_text()}", pytrace=False)


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
