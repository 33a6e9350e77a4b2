"""Runs the fuzzer for a short time, and replays all inputs that failed before."""

import time
from pathlib import Path

import pytest

from tools.fuzz import child
from tools.fuzz.__main__ import REGRESSIONS, fuzz, inputs
from tools.fuzz.sandbox import Outcome, Sandbox

REGRESSION_FILES = sorted(path for path in REGRESSIONS.iterdir() if path.name.startswith(("picture-", "event-")))


@pytest.mark.parametrize(("kind", "count"), [("pictures", 500), ("events", 300), ("bodies", 300)])
def test_no_damaged_input_fails(
    picture_sandbox: Sandbox, event_sandbox: Sandbox, tmp_path: Path, kind: str, count: int
) -> None:
    sandbox = picture_sandbox if kind == "pictures" else event_sandbox
    figures = fuzz(sandbox, kind, count, seed=2, keep=tmp_path)
    assert figures.failures == []
    assert figures.answers.total() == count
    assert len(figures.answers) > 3


def test_the_same_seed_gives_the_same_inputs() -> None:
    for kind in ("pictures", "events", "bodies"):
        assert list(inputs(kind, 60, seed=1)) == list(inputs(kind, 60, seed=1))
        assert list(inputs(kind, 60, seed=1)) != list(inputs(kind, 60, seed=2))


@pytest.mark.parametrize("path", REGRESSION_FILES, ids=lambda path: path.name)
def test_input_that_failed_before_passes(picture_sandbox: Sandbox, event_sandbox: Sandbox, path: Path) -> None:
    sandbox = picture_sandbox if path.name.startswith("picture-") else event_sandbox
    assert sandbox.run(path.read_bytes()).failure == ""


def test_crash_500_and_exceeded_limits_are_failures() -> None:
    with Sandbox.of("event", Path("/nowhere")) as sandbox:
        assert "crash" in sandbox.run(b"{}").failure
    assert "2.5 s of CPU" in Outcome("ok", cpu_seconds=2.5).failure
    assert Outcome("ok", cpu_seconds=2.5, allowed_cpu_seconds=3.0).failure == ""
    assert "1700 MB" in Outcome("ok", growth_mb=1700).failure
    assert "500" in Outcome("500 internal_error").failure


@pytest.mark.parametrize(("slow_tries", "fails"), [(1, False), (2, False), (3, True)])
def test_only_an_input_that_is_slow_three_times_exceeds_the_limit(
    monkeypatch: pytest.MonkeyPatch, slow_tries: int, fails: bool
) -> None:
    monkeypatch.setattr(child, "MAX_CPU_SECONDS", 0.1)
    monkeypatch.setattr(child, "MAX_CPU_OF_LARGEST_PNG", 0)
    monkeypatch.setattr(child, "_MAX_PIXELS", 8000)
    tries: list[bytes] = []

    def attempt(data: bytes) -> str:
        tries.append(data)
        started = time.process_time()
        while len(tries) <= slow_tries and time.process_time() < started + 0.2:
            pass
        return f"ok {len(tries)}"

    outcome = child.measured(attempt, b"bomb", loaded_mb=0)
    assert outcome.answer == "ok 1"
    assert (outcome.cpu_seconds > outcome.allowed_cpu_seconds) == fails
