"""Every decompression bomb gets an allowed answer within the limits of CPU and memory of `tools.fuzz.sandbox`."""

import os

import pytest

from tests.hostile.conftest import OUTCOMES
from tools.fuzz.bombs import BOMBS
from tools.fuzz.sandbox import Sandbox


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_gets_an_allowed_answer_within_the_limits(picture_sandbox: Sandbox, name: str) -> None:
    bomb = BOMBS[name]
    if bomb.slow and not os.environ.get("FUZZ"):
        pytest.skip("takes seconds to make; `make fuzz` sets FUZZ=1")
    data = bomb.make()
    assert len(data) <= 4_500_000
    outcome = picture_sandbox.run(data)
    OUTCOMES.append(outcome)
    assert outcome.failure == ""
    assert outcome.answer in bomb.answers
