"""Children that try hostile inputs, so that what kills them fails a test and not the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.fuzz.sandbox import Sandbox


@pytest.fixture(scope="session")
def picture_sandbox() -> Iterator[Sandbox]:
    """Decodes pictures."""
    with Sandbox.of("picture") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def event_sandbox(small_model: Path) -> Iterator[Sandbox]:
    """Answers events with the real handler and the small model."""
    with Sandbox.of("event", small_model) as sandbox:
        yield sandbox
