"""Children that try hostile inputs, so that what kills them fails a test and not the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.fuzz.sandbox import Outcome, Sandbox

DEFUSED: list[Outcome] = []  # what became of each bomb


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the most expensive bombs took."""
    if DEFUSED:
        cpu, growth = max(each.cpu_seconds for each in DEFUSED), max(each.growth_mb for each in DEFUSED)
        terminalreporter.line(
            f"bombs: {len(DEFUSED)}; most CPU {cpu:.2f} s, most memory over the start {growth:.0f} MB"
        )


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
