"""The inference thread uses as many CPUs as the quota of the control group allows."""

from pathlib import Path

import pytest
import torch

from function.clip.inference_thread import available_cpus, inference_thread


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
def test_cpu_quota_limits_the_available_cpus(tmp_path: Path, cpu_max: str, expected: int | None) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(cpu_max)
    without_quota = available_cpus(tmp_path / "missing")
    assert without_quota >= 1
    assert available_cpus(file) == (expected or without_quota)


def test_fractional_cpu_quota_is_rounded_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    file = tmp_path / "cpu.max"
    file.write_text("170000 100000\n")
    assert available_cpus(file) == 2


def test_other_threads_keep_their_torch_thread_count() -> None:
    before = torch.get_num_threads()
    with inference_thread() as executor:
        assert executor.submit(torch.get_num_threads).result() == available_cpus()
    assert torch.get_num_threads() == before
