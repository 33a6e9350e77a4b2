"""The inference thread uses as many CPUs as the quota of the control group allows."""

import statistics
import subprocess
import sys
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


_COUNT_THREADS = """
import os, sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from function.tagging.tagger import Tagger
import numpy  # starts worker threads of its own

def native_threads():
    return len(os.listdir("/proc/self/task")) - threading.active_count()

picture = Path("events/cat.jpg").read_bytes()
before = native_threads()
tagger = Tagger.load(Path(sys.argv[1]), "float32", 50_000_000)
loaded = native_threads()
with ThreadPoolExecutor(4) as callers:
    tagger.tag_images(list(callers.map(tagger.decode, [picture] * 8)))
    list(callers.map(tagger.tag, [picture] * 8))
    print(loaded - before, native_threads() - loaded)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_there_are_no_more_openmp_workers_than_cpus(small_model: Path) -> None:
    """If there are more, all workers sleep between operations, which is slow: see `inference_thread`."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNT_THREADS, str(small_model)], check=True, capture_output=True, text=True
    )
    loaded, later = map(int, done.stdout.split())
    # The workers, and the same number in a second pool that torch starts and never uses.
    assert loaded == 2 * (available_cpus() - 1)
    assert later == 0


def test_other_threads_keep_their_torch_thread_count() -> None:
    before = torch.get_num_threads()
    with inference_thread() as executor:
        assert executor.submit(torch.get_num_threads).result() == available_cpus()
    assert torch.get_num_threads() == before


_MEASURE_IDLE_CPU = """
import sys, time
from pathlib import Path
from function.clip.torch_import import import_lean
import_lean()
from function.tagging.tagger import Tagger

picture = Path("events/cat.jpg").read_bytes()
tagger = Tagger.load(Path(sys.argv[1]), "float32", 50_000_000)
for _ in range(10):
    tagger.tag(picture)
    before = time.process_time()
    time.sleep(0.02)
    print(time.process_time() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP has GOMP_SPINCOUNT")
def test_idle_workers_use_almost_no_cpu_time(small_model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE_IDLE_CPU, str(small_model)], check=True, capture_output=True, text=True
    )
    assert statistics.median(map(float, done.stdout.split())) < 0.003
