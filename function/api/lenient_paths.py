"""Middleware for paths and methods that clients write in several ways: slashes at the end or doubled, and HEAD."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LenientPaths:
    """ASGI middleware that ignores extra slashes in a path and answers HEAD like GET, without a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        prefix = scope.get("root_path", "")
        route = re.sub("/{2,}", "/", scope["path"].removeprefix(prefix)).rstrip("/") or "/"
        is_head = scope["method"] == "HEAD"
        scope = {**scope, "path": prefix + route, "method": "GET" if is_head else scope["method"]}
        await self._app(scope, receive, send_without_body if is_head else send)
