"""Child processes for hostile inputs, so that a crash fails one test and does not end the test run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.fuzz.sandbox import Outcome, Sandbox

OUTCOMES: list[Outcome] = []  # of each bomb


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the CPU time and memory of the most expensive bombs."""
    if OUTCOMES:
        cpu, growth = max(each.cpu_seconds for each in OUTCOMES), max(each.growth_mb for each in OUTCOMES)
        terminalreporter.line(f"bombs: {len(OUTCOMES)}; most CPU {cpu:.2f} s, highest memory growth {growth:.0f} MB")


@pytest.fixture(scope="session")
def picture_sandbox() -> Iterator[Sandbox]:
    """A sandbox that decodes pictures."""
    with Sandbox.of("picture") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def event_sandbox(small_model: Path) -> Iterator[Sandbox]:
    """A sandbox that passes events to the real handler with the small model."""
    with Sandbox.of("event", small_model) as sandbox:
        yield sandbox
