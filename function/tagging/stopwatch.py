"""The time of each phase of a request, for `Server-Timing` and the log line."""

import time


class Stopwatch:
    """Milliseconds by phase. Each phase starts when the one before ends."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """End the current phase and record it under the name `phase`."""
        now = time.perf_counter()
        self.milliseconds[phase] = (now - self._last) * 1000
        self._last = now
