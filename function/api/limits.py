"""How much of a body is read, and for how long: what goes on and on is refused, and its sender gets the answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.types import Message, Receive

from function.errors import Overloaded, TooManyBytes, TooSlow

# A client that is still sending does not read our answer: so much of what is too much is read and dropped.
_MAX_DRAINED_BYTES = 100 * 1024 * 1024


def limited(request: Request, max_bytes: int) -> Request:
    """Return the request with a body that raises TooManyBytes once it passes `max_bytes`."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > max_bytes:
            await _drain(request.receive, message)
            raise too_many_bytes(max_bytes)
        return message

    return Request(request.scope, receive)


@asynccontextmanager
async def in_time(seconds: float) -> AsyncIterator[None]:
    """Raise TooSlow once what is done within, reading a body, has taken so many seconds.

    Raises Overloaded if the server stops meanwhile and waits no longer.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TooSlow(f"The upload took longer than {seconds:g} seconds to arrive.") from error
    except asyncio.CancelledError as error:
        raise Overloaded("The server is stopping: try again in a second.") from error


async def _drain(receive: Receive, message: Message) -> None:
    """Read the rest of a body and drop it, as far as is reasonable."""
    drained = 0
    while message.get("more_body") and drained < _MAX_DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))


def too_many_bytes(max_bytes: int) -> TooManyBytes:
    """Return the error for a body or an image of more than `max_bytes`."""
    return TooManyBytes(f"The upload is too large: at most {max_bytes / 1e6:.1f} MB are accepted.")
