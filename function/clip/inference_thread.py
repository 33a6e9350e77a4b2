"""The one thread that runs torch, with as many OpenMP threads as there are CPUs."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def inference_thread() -> ThreadPoolExecutor:
    """Return an executor with one thread, whose torch operations use all available CPUs.

    Run every torch operation on it. Each thread that runs one in parallel gets OpenMP workers of its own, and with more
    workers than CPUs GNU's OpenMP lets them sleep between operations (libgomp manual, GOMP_SPINCOUNT).
    """
    return ThreadPoolExecutor(
        max_workers=1, thread_name_prefix="inference", initializer=torch.set_num_threads, initargs=(available_cpus(),)
    )


def available_cpus(cpu_max: Path = _CPU_MAX) -> int:
    """Return how many CPUs this process may use at a time, at least 1.

    This is the number of CPUs that it may run on, or the quota of its control group if that is less. `cpu_max` holds
    "QUOTA PERIOD" in microseconds, or "max PERIOD" (Linux, Documentation/admin-guide/cgroup-v2.rst, "CPU").
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = cpu_max.read_text().split()
        return max(1, min(cpus, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no control group, or no limit
        return cpus
