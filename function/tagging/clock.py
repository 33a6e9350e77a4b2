"""How long each phase of a request took: what `Server-Timing` and the log line say."""

import time


class Clock:
    """Milliseconds by phase, each counted from the end of the one before."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """End a phase and give it its name."""
        now = time.perf_counter()
        self.milliseconds[phase] = (now - self._last) * 1000
        self._last = now
