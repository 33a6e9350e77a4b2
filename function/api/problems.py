"""Errors to RFC 9457 problem documents: the only place that knows which error has which HTTP status."""

from fastapi import FastAPI, Request
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
# RFC 9110, section 15: with type about:blank the title is the status' own phrase.
_TITLES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it; `code` is stable, `detail` is for people."""

    type: str = Field(description="Always about:blank: `code` tells problems apart.")
    title: str = Field(description="The phrase of the HTTP status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong and what to do, for people.")
    code: str = Field(description="What went wrong, for programs; stable.")
    request_id: str = Field(description="The request's id, as in the X-Request-Id header and the log.")


def problem_response(
    request_id: str, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return a problem document."""
    return JSONResponse(_problem(request_id, status, code, detail), status, headers, MEDIA_TYPE)


def status_of(error: type[errors.TaggerError]) -> int:
    """Return the HTTP status of an error class: its own, or that of its nearest base."""
    return next(_STATUS[base] for base in error.__mro__ if base in _STATUS)


def install(app: FastAPI) -> None:
    """Make `app` answer every expected error, its own and the framework's, with a problem document."""
    app.add_exception_handler(errors.TaggerError, _on_tagger_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


def example(error: type[errors.TaggerError], detail: str) -> dict[str, object]:
    """Return what the API answers for `error`, for the OpenAPI document."""
    return _problem("6f1f0c1e2d6a4f0f9f0a", status_of(error), error.code, detail)


def _problem(request_id: str, status: int, code: str, detail: str) -> dict[str, object]:
    title = _TITLES.get(status, "Error")
    return Problem(
        type="about:blank", title=title, status=status, detail=detail, code=code, request_id=request_id
    ).model_dump()


async def _on_tagger_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.TaggerError)  # noqa: S101 - Starlette resolves handlers by class
    request.state.log["code"] = error.code
    retry = {"Retry-After": "1"} if isinstance(error, errors.Overloaded | errors.StorageUnavailable) else None
    return problem_response(request.state.request_id, status_of(type(error)), error.code, str(error), retry)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    detail = {
        404: "There is nothing at this path. /docs shows what there is.",
        405: "This path does not take that method. /docs shows which it takes.",
    }.get(error.status_code, str(error.detail))
    request.state.log["code"] = code
    headers = dict(error.headers) if error.headers else None
    return problem_response(request.state.request_id, error.status_code, code, detail, headers)
