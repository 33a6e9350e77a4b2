"""Threads are counted by what the control group allows, not by what the machine has."""

from pathlib import Path

import pytest

from function.clip.threads import available_cpus


@pytest.mark.parametrize(
    ("cpu_max", "expected"),
    [
        ("50000 100000\n", 1),
        ("100000 100000\n", 1),
        ("max 100000\n", None),
        ("nonsense\n", None),
        ("9900000 100000\n", None),
    ],
)
def test_a_quota_limits_the_threads(tmp_path: Path, cpu_max: str, expected: int | None) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(cpu_max)
    everything = available_cpus(tmp_path / "missing")
    assert everything >= 1
    assert available_cpus(file) == (expected or everything)


def test_parts_of_a_cpu_count_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    file = tmp_path / "cpu.max"
    file.write_text("170000 100000\n")
    assert available_cpus(file) == 2
