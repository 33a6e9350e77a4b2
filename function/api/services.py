"""What all requests share, as typed FastAPI dependencies.

Starlette types the state of an app and of a request as Any, so only this module reads it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from function.api.upload_bucket import UploadBucket
from function.errors import Overloaded
from function.settings import Settings
from function.tagging.tagger import Tagger


@dataclass
class Services:
    """The objects that all requests share, and how many requests are being read, waiting, or tagged."""

    tagger: Tagger
    settings: Settings
    upload_bucket: UploadBucket
    admitted: int = 0

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Count one request while the block runs. Raises Overloaded if the limit is reached."""
        if self.admitted >= self.settings.max_waiting_requests:
            raise Overloaded("Too many requests are waiting. Try again in a second.")
        self.admitted += 1
        try:
            yield
        finally:
            self.admitted -= 1


# Both functions are async because FastAPI runs plain functions in a thread pool, which takes longer.


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _request_log(request: Request) -> dict[str, object]:
    log: dict[str, object] = request.state.log
    return log


ServicesDep = Annotated[Services, Depends(_services)]
# Fields that a route adds become part of the request's log line.
RequestLog = Annotated[dict[str, object], Depends(_request_log)]
