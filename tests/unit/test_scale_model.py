"""The model of a backfill's time and cost computes correctly, and the page shows its results."""

import sys

import pytest

from tools import scale_model
from tools.scale_model import BATCH, QUOTAS, Picture, pictures


def test_page_matches_the_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["scale_model", "--check"])
    assert scale_model.main() == 0


def test_check_fails_if_the_page_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["scale_model", "--check"])
    monkeypatch.setattr(scale_model, "PICTURES", 11_000_000)
    assert scale_model.main() == 1


def test_time_is_cpu_time_over_vcpus() -> None:
    assert Picture.measured(100, memory_mb=1769).seconds == pytest.approx(0.1 + 0.2 / BATCH)
    assert Picture.measured(100, memory_mb=3538).seconds == pytest.approx(0.05 + 0.2 / BATCH)


def test_twice_the_functions_tag_twice_the_pictures() -> None:
    picture = Picture(0.05)
    assert picture.a_second(10) == pytest.approx(200)
    assert picture.a_second(20) == pytest.approx(400)


def test_cost_of_a_million_pictures_matches_a_hand_calculation() -> None:
    """3,008 MB for 0.05 s at $16.67 a million GB-seconds; three reads, a write and its share of a listing; an event."""
    costs = Picture(0.05).costs()
    assert costs["Lambda"] * 1e6 == pytest.approx(2.9375 * 0.05 * 16.6667 + 0.2 / 48, rel=1e-4)
    assert costs["S3"] * 1e6 == pytest.approx(3 * 0.4 + 5 + 0.005)
    assert costs["EventBridge"] * 1e6 == pytest.approx(1)
    assert 0 < costs["Step Functions"] * 1e6 < 0.2


def test_a_quota_is_used_up_at_its_concurrency() -> None:
    for picture in pictures().values():
        for quota in QUOTAS:
            assert picture.a_second(1) * picture.concurrency_at(quota) * quota.a_picture == pytest.approx(quota.limit)
