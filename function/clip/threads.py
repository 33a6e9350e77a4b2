"""How many threads to compute with: as many as there are CPUs to run on, which is not what a container sees."""

import math
import os
from pathlib import Path

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
