"""Which route a request means: paths behind a front door, and paths that clients write in several ways.

A REST API has a stage (`/prod/tag`) or a custom domain's base path (`/pets/tag`) before the route; an HTTP API has a
named stage. Lambda events differ in which of their fields include that prefix.
"""

import re
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The prefix becomes part of a script in /docs, so it may only have the characters of stages and base paths.
_PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)
_PARAMETER = re.compile(r"\{(\w+)\+?\}")


def split_path(event: Mapping[str, Any], path: str) -> tuple[str, str]:
    """Return the prefix (it may be empty) and the route of an event whose path, decoded, is `path`."""
    context = event.get("requestContext")
    context = context if isinstance(context, Mapping) else {}
    route = _route(event, context, path)
    public_path = str(context.get("path") or path).rstrip("/")
    end = route.rstrip("/")
    prefix = public_path.removesuffix(end) if public_path.endswith(end) else ""
    return prefix if _PREFIX.fullmatch(prefix) else "", route


def _route(event: Mapping[str, Any], context: Mapping[str, Any], path: str) -> str:
    """Return the end of `path` that the front door matched with one of its own routes, or else `path` below a stage."""
    template = str(event.get("resource") or str(event.get("routeKey") or "").partition(" ")[2])
    parameters = event.get("pathParameters")
    parameters = parameters if isinstance(parameters, Mapping) else {}
    matched = _PARAMETER.sub(lambda name: str(parameters.get(name[1], name[0])), template)
    if matched and f"{path.rstrip('/')}/".endswith(f"{matched.rstrip('/')}/"):
        return matched
    stage = f"/{context.get('stage')}"
    return path.removeprefix(stage) or "/" if f"{path}/".startswith(f"{stage}/") else path


def lenient_paths(app: ASGIApp) -> ASGIApp:
    """ASGI middleware that ignores extra slashes in a path and answers HEAD like GET, without a body."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        prefix = scope.get("root_path", "")
        route = re.sub("/{2,}", "/", scope["path"].removeprefix(prefix)).rstrip("/") or "/"
        is_head = scope["method"] == "HEAD"
        scope = {**scope, "path": prefix + route, "method": "GET" if is_head else scope["method"]}
        await app(scope, receive, send_without_body if is_head else send)

    return serve
