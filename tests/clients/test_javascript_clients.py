"""JavaScript clients from npm get the same tags for the same image, each in the way it sends one."""

import json
from pathlib import Path

import pytest

from tests.clients.conftest import LABELS, Answers
from tests.support.programs import require, run


@pytest.mark.parametrize("name", ["huggingface", "axios", "undici"])
def test_client_gets_the_tags(service: str, node_programs: Path, cat_file: Path, answers: Answers, name: str) -> None:
    command = (require("node"), f"{name}.mjs", f"{service}/tag", cat_file, *LABELS)
    answer = json.loads(run(*command, cwd=node_programs, timeout_s=120))
    assert len(answer) > 3
    for way, tags in answer.items():
        answers.check(tags, *(LABELS if way.startswith("own") else ()))
