"""A clock that is set while a request runs changes neither its answer nor what it says it took."""

import itertools
import re
import time

import pytest
from starlette.testclient import TestClient

from tests.api.test_app import log_lines
from tools.make_events import PICTURE


@pytest.mark.parametrize("step_s", [-86_400.0, 86_400.0], ids=["back", "ahead"])
def test_a_clock_that_jumps_harms_no_answer(client: TestClient, monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    """Every look at the clock finds it a day off the last one; durations come of one that nobody sets."""
    now, looks = time.time(), itertools.count()
    monkeypatch.setattr(time, "time", lambda: now + step_s * next(looks))
    monkeypatch.setattr(time, "time_ns", lambda: int(1e9 * time.time()))
    with log_lines() as lines:
        response = client.post("/tag", content=PICTURE.read_bytes(), headers={"content-type": "image/jpeg"})
    assert next(looks) > 0, "nothing looked at the clock, so nothing was tried"
    assert response.status_code == 200
    phases = [float(duration) for duration in re.findall(r"dur=([-\d.e]+)", response.headers["server-timing"])]
    assert len(phases) >= 3
    assert all(0 <= phase < 60_000 for phase in phases)
    assert 0 <= lines[0]["milliseconds"] < 60_000
