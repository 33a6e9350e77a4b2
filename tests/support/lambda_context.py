"""Lambda's context object, as far as the handlers use it."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def monotonic_deadline(seconds: float) -> Callable[[], float]:
    """Return a function that returns how many of `seconds` from now are left."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


@dataclass
class Context:
    """The context of one invocation that may take `seconds`."""

    seconds: float = 60.0
    aws_request_id: str = "0f0f0f0f-1111-2222-3333-444444444444"

    def __post_init__(self) -> None:
        self._remaining_s = monotonic_deadline(self.seconds)

    def get_remaining_time_in_millis(self) -> int:
        """Return how much of `seconds` is left."""
        return int(self._remaining_s() * 1000)
