"""Around every request: an id, the headers all answers share, one log line, and a net for what nobody foresaw."""

import time
import uuid

from aws_lambda_powertools import Logger
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from function.api.problems import problem_response

logger = Logger(service="pet-tagger")

# nginx's number for a client that went away before the answer; it never leaves the log.
_CLIENT_CLOSED_REQUEST = 499
# Of what a client may make as long as it likes.
_LOGGED_CHARACTERS = 200
# For JSON and problem documents, which load nothing and run nothing; a page brings a policy of its own.
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Observe:
    """ASGI middleware. What a route puts into `request.state.log` becomes part of the request's log line."""

    def __init__(self, app: ASGIApp, model: str) -> None:
        self._app, self._model = app, model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = getattr(scope.get("aws.context"), "aws_request_id", None) or uuid.uuid4().hex
        method, path = scope["method"][:_LOGGED_CHARACTERS], scope["path"][:_LOGGED_CHARACTERS]
        log: dict[str, object] = {"method": method, "path": path, "model": self._model}
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "log": log}
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"], headers["X-Model"] = request_id, self._model
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = _CLIENT_CLOSED_REQUEST
        except Exception:
            logger.exception("unforeseen error", request_id=request_id)
            log["code"] = "internal_error"
            if status == 0:
                detail = f"Something went wrong that should not have. The log has it under {request_id}."
                answer = problem_response(request_id, 500, "internal_error", detail)
                await answer(scope, receive, send_with_headers)
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            fields = {"request_id": request_id, "status": status, "milliseconds": milliseconds, **log}
            logger.info("request", extra=fields)


def server_timing(milliseconds: dict[str, float]) -> str:
    """Return the phases of a request in the syntax of the W3C's Server Timing."""
    return ", ".join(f"{phase};dur={value:.1f}" for phase, value in milliseconds.items())
