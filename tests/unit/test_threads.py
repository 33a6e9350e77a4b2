"""Threads are counted by what the control group allows, not by what the machine has."""

import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from function.clip.threads import ComputeThread, OtherThread, available_cpus


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


_COUNT = """
import os, sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from function.tagging.tagger import Tagger
import numpy  # it has workers, too, that sleep for ever

def not_of_python():
    return len(os.listdir("/proc/self/task")) - threading.active_count()

picture = Path("events/cat.jpg").read_bytes()
before = not_of_python()
tagger = Tagger.load(Path(sys.argv[1]), "float32", 50_000_000)
loaded = not_of_python()
with ThreadPoolExecutor(4) as callers:
    tagger.tag_images(list(callers.map(tagger.decode, [picture] * 8)))
    list(callers.map(tagger.tag, [picture] * 8))
    print(loaded - before, not_of_python() - loaded)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_whoever_calls_there_are_no_more_workers_than_cpus(small_model: Path) -> None:
    """Else all of them would sleep between operations: see `ComputeThread`."""
    done = subprocess.run([sys.executable, "-c", _COUNT, str(small_model)], check=True, capture_output=True, text=True)
    loaded, later = map(int, done.stdout.split())
    # The workers, and as many of a pool that torch makes beside them and never uses.
    assert loaded == 2 * (available_cpus() - 1)
    assert later == 0


def test_who_made_the_thread_computes_as_before() -> None:
    before = torch.get_num_threads()
    compute = ComputeThread()
    assert compute(torch.get_num_threads) == available_cpus()
    assert torch.get_num_threads() == before


_REST = """
import sys, time
from pathlib import Path
from function.clip.lean_torch import import_lean
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
def test_between_requests_workers_leave_the_cpus_alone(small_model: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _REST, str(small_model)], check=True, capture_output=True, text=True)
    assert statistics.median(map(float, done.stdout.split())) < 0.003


@pytest.mark.skipif(sys.platform != "linux", reason="threads are placed on CPUs by Linux")
@pytest.mark.skipif(available_cpus() == 1, reason="one CPU has no workers")
@pytest.mark.parametrize("while_shared", [False, True])
def test_workers_keep_off_the_cpu_of_the_thread_that_waits_for_them(while_shared: bool) -> None:
    """Also while another thread is bound to its CPU because it shares its work."""
    cpus, count = os.sched_getaffinity(0), available_cpus()
    before = _threads()
    compute = ComputeThread()
    thread = compute(threading.get_native_id)
    workers = _threads() - before - {thread}

    def check() -> None:
        for cpu in cpus:
            os.sched_setaffinity(thread, {cpu})  # now it is here
            compute(lambda: None)
            placed = [os.sched_getaffinity(worker) for worker in workers]
            assert placed.count(cpus - {cpu}) == count - 1, placed

    if while_shared:
        OtherThread().share(check, lambda: None)
    else:
        check()


def test_two_halves_are_done_at_once() -> None:
    meeting = threading.Barrier(2, timeout=10)
    names = OtherThread().share(*[lambda: (meeting.wait(), threading.current_thread().name)[1]] * 2)
    assert names == (threading.current_thread().name, "half_0")


def test_what_nobody_has_begun_is_done_by_the_caller() -> None:
    thread, end = OtherThread(), threading.Event()
    thread._executor.submit(end.wait)
    try:
        names = thread.share(*[lambda: threading.current_thread().name] * 2)
    finally:
        end.set()
    assert names == (threading.current_thread().name,) * 2


def test_one_shares_at_a_time() -> None:
    thread = OtherThread()
    names: list[str] = []

    def share_again() -> None:
        names.extend(thread.share(*[lambda: threading.current_thread().name] * 2))

    thread.share(share_again, lambda: None)
    assert names == [threading.current_thread().name] * 2


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_comes_after_both_halves_have_ended(failing: int) -> None:
    """The other half may still read the picture."""
    thread, done = OtherThread(), []
    begun = threading.Barrier(2, timeout=10)

    def half(number: int) -> None:
        begun.wait()
        if number == failing:
            raise ValueError(str(number))
        time.sleep(0.05)
        done.append(number)

    with pytest.raises(ValueError, match=str(failing)):
        thread.share(lambda: half(0), lambda: half(1))
    assert done == [1 - failing]
    assert thread.share(lambda: 1, lambda: 2) == (1, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are placed on CPUs by Linux")
@pytest.mark.skipif(available_cpus() == 1, reason="one CPU has no halves")
def test_halves_are_done_on_two_cpus_and_nobody_stays_bound() -> None:
    before, meeting = os.sched_getaffinity(0), threading.Barrier(2, timeout=10)
    mine, its = OtherThread().share(*[lambda: (meeting.wait(), os.sched_getaffinity(0))[1]] * 2)
    assert len(mine) == 1
    assert its == before - mine
    assert os.sched_getaffinity(0) == before


def _threads() -> set[int]:
    return {int(thread.name) for thread in Path("/proc/self/task").iterdir()}
