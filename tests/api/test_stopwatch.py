"""Changing the system clock during a request changes neither its answer nor its durations."""

import itertools
import re
import time

import pytest
from starlette.testclient import TestClient

from tests.support.logs import log_lines
from tools.make_events import PICTURE


@pytest.mark.parametrize("step_s", [-86_400.0, 86_400.0], ids=["back", "ahead"])
def test_clock_jump_does_not_change_answer_or_durations(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    """Durations use the monotonic clock, so a jump of a day does not matter."""
    now, reads = time.time(), itertools.count()
    monkeypatch.setattr(time, "time", lambda: now + step_s * next(reads))
    monkeypatch.setattr(time, "time_ns", lambda: int(1e9 * time.time()))
    with log_lines() as lines:
        response = client.post("/tag", content=PICTURE.read_bytes(), headers={"content-type": "image/jpeg"})
    assert next(reads) > 0, "the system clock was never read, so the test proves nothing"
    assert response.status_code == 200
    phases = [float(duration) for duration in re.findall(r"dur=([-\d.e]+)", response.headers["server-timing"])]
    assert len(phases) >= 3
    assert all(0 <= phase < 60_000 for phase in phases)
    assert 0 <= lines[0]["milliseconds"] < 60_000
