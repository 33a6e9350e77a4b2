"""Which threads compute, and on which CPUs: as many as may be used, which is not what a container sees."""

import ctypes
import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

import torch

_P = ParamSpec("_P")
_T = TypeVar("_T")

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
_THREADS = Path("/proc/self/task")
# Which CPU this thread runs on; elsewhere than on Linux nobody says.
_current_cpu: Callable[[], int] = getattr(ctypes.CDLL(None), "sched_getcpu", lambda: -1)


def available_cpus(cpu_max: Path = _CPU_MAX) -> int:
    """Return how many CPUs this process may use at a time, at least 1.

    Those it may run on, or what its control group may use if that is less: more threads than that would be stopped in
    the middle of a product, and the others wait for them. Lambda shows the function just the CPUs it has. The file is
    "QUOTA PERIOD" in microseconds, or "max PERIOD" (Linux, Documentation/admin-guide/cgroup-v2.rst, "CPU").
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = cpu_max.read_text().split()
        return max(1, min(cpus, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no control group, or no limit
        return cpus


class ComputeThread:
    """The one thread whose torch operations are spread over the CPUs; on every other they stay on that thread.

    Each thread that runs an operation in parallel gets OpenMP workers of its own, and where a process has more of them
    than CPUs, GNU's OpenMP lets every worker sleep after each operation instead of waiting for the next in a loop
    (libgomp manual, GOMP_SPINCOUNT). An image is a hundred operations, and waking takes longer than many of them.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compute")
        self._workers = self._executor.submit(_Workers, available_cpus()).result()
        # One for all that have not used torch yet; said on a thread of its own, for it also holds for whoever says it.
        with ThreadPoolExecutor(max_workers=1) as other:
            other.submit(torch.set_num_threads, 1).result()
        torch.get_num_threads()  # takes it over here, if it has to be: oneDNN would not ask

    def __call__(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what `function` returns, called there: one call at a time, in the order they came."""

        def call() -> _T:
            self._workers.keep_apart()
            return function(*args, **kwargs)

        return self._executor.submit(call).result()


class _Workers:
    """OpenMP's workers of the thread that makes this, which together with it are `count`.

    They are kept off the CPU that this thread runs on. Woken there, which the kernel does now and then, they would
    share it with a thread that waits for them in a loop, while another CPU has nothing to do, until the scheduler's
    next tick moves one of them (`perf sched record` shows 4 ms of it, more than two operations take).
    """

    def __init__(self, count: int) -> None:
        torch.set_num_threads(count)
        torch.get_num_threads()  # the first question takes over what holds for the process; it must not come later
        self._cpu = -1
        self._ids: list[int] = []
        if count == 1:
            return
        with suppress(OSError):  # not on Linux
            this = threading.get_native_id()
            name = f"compute-{this}"
            Path("/proc/thread-self/comm").write_text(name)  # which the threads that this one makes inherit
            torch.ones(1 << 17).add_(1)  # enough to be spread
            named = [int(comm.parent.name) for comm in _THREADS.glob("*/comm") if comm.read_text().strip() == name]
            self._cpus = os.sched_getaffinity(0)
            self._ids = [thread for thread in named if thread != this]

    def keep_apart(self) -> None:
        """Let them run on any CPU but the one that this thread runs on now."""
        if not self._ids or (cpu := _current_cpu()) == self._cpu:
            return
        with suppress(OSError):  # this process was moved to other CPUs, perhaps to one
            for thread in self._ids:
                os.sched_setaffinity(thread, self._cpus - {cpu})
        self._cpu = cpu


class OtherThread:
    """A thread that does half of what a caller has to do, at the same time, each on a CPU of its own.

    Left alone, the kernel often wakes it on the caller's CPU, or moves the caller to its CPU, and one waits for the
    other.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="half")
        self._id = self._executor.submit(threading.get_native_id).result()
        self._taken = threading.Lock()

    def share(self, mine: Callable[[], _T], its: Callable[[], _T]) -> tuple[_T, _T]:
        """Return what both functions return: `mine` is called here, `its` there, or here too if that is sooner."""
        if not self._taken.acquire(blocking=False):
            return mine(), its()
        try:
            with self._apart():
                other = self._executor.submit(its)
                try:
                    result = mine()
                finally:
                    if not other.cancel():  # it has begun
                        wait([other])
            return result, its() if other.cancelled() else other.result()
        finally:
            self._taken.release()

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Keep the calling thread on the CPU that it runs on, and the other thread off it."""
        cpu = _current_cpu()
        if cpu < 0:  # not on Linux
            yield
            return
        cpus = os.sched_getaffinity(0)
        with suppress(OSError):  # there is no other CPU
            os.sched_setaffinity(self._id, cpus - {cpu})
            os.sched_setaffinity(0, {cpu})
        try:
            yield
        finally:
            with suppress(OSError):  # this process was moved to other CPUs meanwhile, and this thread with it
                os.sched_setaffinity(0, cpus)
