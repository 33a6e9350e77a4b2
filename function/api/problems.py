"""Errors as RFC 9457 problem documents. Only this module maps errors to HTTP statuses."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from function import errors

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[errors.TaggerError], int] = {
    errors.RequestError: 400,
    errors.TooManyBytes: 413,
    errors.TooSlow: 408,
    errors.UnsupportedMediaType: 415,
    errors.InvalidOption: 422,
    errors.SourceNotSupported: 501,
    errors.SourceForbidden: 403,
    errors.ObjectNotFound: 404,
    errors.ObjectArchived: 409,
    errors.StorageUnavailable: 503,
    errors.ImageError: 422,
    errors.TooManyPixels: 413,
    errors.Overloaded: 503,
    errors.TaggerError: 500,
}
# The code and the text of the errors that Starlette's router raises, by their status.
_ROUTING_ERRORS = {
    404: ("not_found", "This path does not exist. /docs lists the paths."),
    405: ("method_not_allowed", "This path does not allow this method. /docs lists the methods."),
}
# RFC 9110's phrases that Python has since version 3.13.
_NEW_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


class Problem(BaseModel):
    """An error as an RFC 9457 problem document."""

    type: str = Field(description="Always about:blank. Use `code` to tell errors apart.")
    title: str = Field(description="The standard phrase of the HTTP status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="The error for people: what is wrong and what to do.")
    code: str = Field(description="The error for programs. Codes do not change.")
    request_id: str = Field(description="The request's id, as in the X-Request-Id header and in the log.")


def status_of(error: type[errors.TaggerError]) -> int:
    """Return the HTTP status of an error class, which may be that of its nearest base class."""
    return next(_STATUS[base] for base in error.__mro__ if base in _STATUS)


def problem(request_id: str, status: int, code: str, detail: str) -> dict[str, object]:
    """Return a problem document."""
    title = _NEW_PHRASES.get(status) or HTTPStatus(status).phrase
    return Problem(
        type="about:blank", title=title, status=status, detail=detail, code=code, request_id=request_id
    ).model_dump()


def problem_response(
    request_id: str, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a problem document as an answer."""
    return JSONResponse(problem(request_id, status, code, detail), status, headers, MEDIA_TYPE)


async def _on_tagger_error(request: Request, error: errors.TaggerError) -> JSONResponse:
    request.state.log["code"] = error.code
    retry = {"Retry-After": "1"} if isinstance(error, errors.Overloaded | errors.StorageUnavailable) else None
    return problem_response(request.state.request_id, status_of(type(error)), error.code, str(error), retry)


async def _on_http_exception(request: Request, error: HTTPException) -> JSONResponse:
    code, detail = _ROUTING_ERRORS.get(error.status_code, ("http_error", error.detail))
    request.state.log["code"] = code
    return problem_response(request.state.request_id, error.status_code, code, detail, error.headers)


# For `FastAPI(exception_handlers=...)`.
HANDLERS: dict[int | type[Exception], Any] = {
    errors.TaggerError: _on_tagger_error,
    HTTPException: _on_http_exception,
}
