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
        ("170000 100000\n", 2),
        ("max 100000\n", 8),
        ("nonsense\n", 8),
        ("9900000 100000\n", 8),
    ],
)
def test_cpu_quota_limits_the_available_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpu_max: str, expected: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    file = tmp_path / "cpu.max"
    file.write_text(cpu_max)
    assert available_cpus(file) == expected
    assert available_cpus(tmp_path / "missing") == 8


def test_other_threads_keep_their_torch_thread_count() -> None:
    before = torch.get_num_threads()
    with inference_thread() as executor:
        assert executor.submit(torch.get_num_threads).result() == available_cpus()
    assert torch.get_num_threads() == before
