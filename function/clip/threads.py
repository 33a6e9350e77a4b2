"""Where torch computes: on one thread, and on as many CPUs as may be used, which is not what a container sees."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import torch

_P = ParamSpec("_P")
_T = TypeVar("_T")

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


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
        self(_spread, available_cpus())
        # One for all that have not used torch yet; said on a thread of its own, for it also holds for whoever says it.
        with ThreadPoolExecutor(max_workers=1) as other:
            other.submit(torch.set_num_threads, 1).result()
        torch.get_num_threads()  # takes it over here, if it has to be: oneDNN would not ask

    def __call__(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what `function` returns, called there: one call at a time, in the order they came."""
        return self._executor.submit(function, *args, **kwargs).result()


def _spread(workers: int) -> None:
    """Have this thread compute with so many workers."""
    torch.set_num_threads(workers)
    torch.get_num_threads()  # the first question takes over what holds for the process; it must not come later
