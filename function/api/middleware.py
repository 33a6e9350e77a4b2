"""Middleware around every request: ids, common headers, one log line, metrics, and 500 for unexpected errors."""

import re
import time
import uuid

from aws_lambda_powertools import Logger
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from function.api.problems import problem_response
from function.api.receive import media_type
from function.metrics import publish
from function.start import Start

SERVICE = "pet-tagger"
logger = Logger(service=SERVICE)

# nginx's status for a client that disconnected before the answer. Only the log has it.
_CLIENT_CLOSED_REQUEST = 499
# A caller's own request id is logged if it looks like this.
_CORRELATION_ID = re.compile(r"[\w.:/=@-]{1,128}", re.ASCII)
# Maximum logged length of values that the client controls.
_LOGGED_CHARACTERS = 200
# For JSON documents, which load and run nothing. Pages set their own Content-Security-Policy.
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Observe:
    """ASGI middleware. Fields that a route adds to `request.state.log` become part of the request's log line.

    The first request logs `start`. `metrics_namespace` is the CloudWatch namespace of the metrics; if it is empty,
    there are no metrics.
    """

    def __init__(self, app: ASGIApp, model: str, metrics_namespace: str, start: Start) -> None:
        self._app, self._model, self._metrics_namespace, self._start = app, model, metrics_namespace, start

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
            logger.exception("unexpected error", request_id=request_id)
            log["code"] = "internal_error"
            if log["status"] == 0:
                detail = f"The service failed unexpectedly. The log has the details under request id {request_id}."
                answer = problem_response(request_id, 500, "internal_error", detail)
                await answer(scope, receive, send_with_headers)
        finally:
            log["milliseconds"] = round((time.perf_counter() - started) * 1000, 2)
            self._record(log)

    def _describe(self, scope: Scope) -> dict[str, object]:
        """Return the log fields that are known before the request is served."""
        request_id = getattr(scope.get("aws.context"), "aws_request_id", None) or uuid.uuid4().hex
        context = scope.get("aws.event", {}).get("requestContext")
        api_request_id = context.get("requestId") if isinstance(context, dict) else None
        headers = Headers(scope=scope)
        correlation_id = headers.get("x-correlation-id", "")
        if not _CORRELATION_ID.fullmatch(correlation_id):
            correlation_id = api_request_id or request_id
        return {
            "request_id": request_id,
            "correlation_id": correlation_id,
            **({"api_request_id": api_request_id} if api_request_id else {}),
            "status": 0,
            "method": scope["method"][:_LOGGED_CHARACTERS],
            "path": scope["path"].removeprefix(scope.get("root_path", ""))[:_LOGGED_CHARACTERS],
            "content_type": media_type(headers)[:_LOGGED_CHARACTERS],
            "model": self._model,
            **self._start.take_log_fields(),
        }

    def _record(self, log: dict[str, object]) -> None:
        """Write the log line and the metrics. If that fails, the request still gets its answer."""
        logger.info("request", extra=log)
        try:
            if self._metrics_namespace:
                publish(self._metrics_namespace, SERVICE, log)
        except Exception:
            logger.exception("the metrics of this request were not published", request_id=log["request_id"])
