"""JavaScript clients from npm get the same tags for the same image, each in the way it sends one."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import LABELS, Answers
from tests.support.programs import require


@pytest.mark.parametrize("name", ["huggingface", "axios", "undici"])
def test_client_gets_the_tags(service: str, node_programs: Path, cat_file: Path, answers: Answers, name: str) -> None:
    command = (require("node"), f"{name}.mjs", f"{service}/tag", cat_file, *LABELS)
    result = subprocess.run(command, cwd=node_programs, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert len(answer) > 3
    for way, tags in answer.items():
        answers.check(tags, *(LABELS if way.startswith("own") else ()))
