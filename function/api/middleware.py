"""Around every request: ids, the headers all answers share, one log line, metrics, a net for what nobody foresaw."""

import re
import time
import uuid

from aws_lambda_powertools import Logger
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from function.api.problems import problem_response
from function.metrics import publish

SERVICE = "pet-tagger"
logger = Logger(service=SERVICE)

# nginx's number for a client that went away before the answer; it never leaves the log.
_CLIENT_CLOSED_REQUEST = 499
# What a caller may have logged as the id that its own logs know the request by.
_CORRELATION_ID = re.compile(r"[\w.:/=@-]{1,128}", re.ASCII)
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
    """ASGI middleware. What a route puts into `request.state.log` becomes part of the request's log line.

    `start_ms` is how long the process took to start, if its first request waited for that; `metrics_namespace` is where
    CloudWatch keeps the metrics, empty for none.
    """

    def __init__(self, app: ASGIApp, model: str, metrics_namespace: str = "", start_ms: float | None = None) -> None:
        self._app, self._model, self._metrics_namespace = app, model, metrics_namespace
        self._start = {"cold_start": True, "start_ms": round(start_ms, 2)} if start_ms is not None else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        log = self._describe(scope)
        request_id = str(log["request_id"])
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "log": log}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                log["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"], headers["X-Model"] = request_id, self._model
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            log["status"] = _CLIENT_CLOSED_REQUEST
        except Exception:
            logger.exception("unforeseen error", request_id=request_id)
            log["code"] = "internal_error"
            if log["status"] == 0:
                detail = f"Something went wrong that should not have. The log has it under {request_id}."
                answer = problem_response(request_id, 500, "internal_error", detail)
                await answer(scope, receive, send_with_headers)
        finally:
            log["milliseconds"] = round((time.perf_counter() - started) * 1000, 2)
            self._record(log)

    def _describe(self, scope: Scope) -> dict[str, object]:
        """Return what is known of a request before it is served; the first one is told that it waited for the start."""
        start, self._start = self._start or {"cold_start": False}, {}
        request_id = getattr(scope.get("aws.context"), "aws_request_id", None) or uuid.uuid4().hex
        context = scope.get("aws.event", {}).get("requestContext")
        api_request_id = context.get("requestId") if isinstance(context, dict) else None
        headers = Headers(scope=scope)
        named = _CORRELATION_ID.fullmatch(headers.get("x-correlation-id", ""))
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return {
            "request_id": request_id,
            "correlation_id": named[0] if named else api_request_id or request_id,
            **({"api_request_id": api_request_id} if api_request_id else {}),
            "status": 0,
            "method": scope["method"][:_LOGGED_CHARACTERS],
            "path": scope["path"][:_LOGGED_CHARACTERS],
            "content_type": media_type[:_LOGGED_CHARACTERS],
            "model": self._model,
            **start,
        }

    def _record(self, log: dict[str, object]) -> None:
        """Write the log line and the metrics; the answer does not depend on either."""
        logger.info("request", extra=log)
        try:
            if self._metrics_namespace:
                publish(self._metrics_namespace, SERVICE, log)
        except Exception:
            logger.exception("no metrics of this request", request_id=log["request_id"])


def server_timing(milliseconds: dict[str, float]) -> str:
    """Return the phases of a request in the syntax of the W3C's Server Timing."""
    return ", ".join(f"{phase};dur={value:.1f}" for phase, value in milliseconds.items())
