"""Waiting for something that happens in another process or thread."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

Seen = TypeVar("Seen")


def wait_for(look: Callable[[], Seen], timeout_s: float = 60, log: Callable[[], str] = lambda: "") -> Seen:
    """Return the first truthy result of `look`; fail the test with `log` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"nothing after {timeout_s} s\n{log()}", pytrace=False)
        time.sleep(0.1)
    return seen
