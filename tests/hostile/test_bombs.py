"""Every bomb is defused: answered as it should be, within the CPU and the memory that `tools.fuzz.sandbox` allows."""

import os

import pytest

from tests.hostile.conftest import DEFUSED
from tools.fuzz.bombs import BOMBS
from tools.fuzz.sandbox import Sandbox


@pytest.mark.parametrize("name", BOMBS)
def test_is_defused(picture_sandbox: Sandbox, name: str) -> None:
    bomb = BOMBS[name]
    if bomb.slow and not os.environ.get("FUZZ"):
        pytest.skip("takes seconds to make; `make fuzz` sets FUZZ=1")
    data = bomb.make()
    assert len(data) <= 4_500_000
    outcome = picture_sandbox.run(data)
    DEFUSED.append(outcome)
    assert outcome.failure == ""
    assert outcome.answer in bomb.answers
