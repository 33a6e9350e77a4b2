"""Who gets in: so many requests are taken at once, the next is told to come back rather than left to wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import State

from function.errors import Overloaded


@contextmanager
def admitted(state: State) -> Iterator[None]:
    """Count one request among those of the app with this `state` that wait for the model.

    Raises Overloaded if `max_waiting_requests` are waiting already.
    """
    if state.waiting >= state.settings.max_waiting_requests:
        raise Overloaded("Too many requests are waiting: try again in a second.")
    state.waiting += 1
    try:
        yield
    finally:
        state.waiting -= 1
