"""The app as `make run` serves it, and once more below /prod, as behind the stage of an API Gateway.

The gateway cuts the stage's path off and takes /prod for /prod/, so the page cannot be led to the right place by a
redirect of its own.
"""

from starlette.types import Receive, Scope, Send

from function.handler import app as service

STAGE = "/prod"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request."""
    path = scope.get("path", "")
    if path == STAGE or path.startswith(f"{STAGE}/"):
        path = path.removeprefix(STAGE) or "/"
        scope = {**scope, "path": path, "raw_path": path.encode(), "root_path": STAGE}
    await service(scope, receive, send)
