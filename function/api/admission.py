"""The limit on requests that wait for the model: one more is refused with 503 instead of queued."""

from collections.abc import Iterator
from contextlib import contextmanager

from function.errors import Overloaded


class Admission:
    """Counts the requests that are being read, waiting for the model, or being tagged."""

    def __init__(self, max_requests: int) -> None:
        self._max_requests, self._admitted = max_requests, 0

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Count one request while the block runs.

        Raises Overloaded if the limit is reached already.
        """
        if self._admitted >= self._max_requests:
            raise Overloaded("Too many requests are waiting. Try again in a second.")
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1
