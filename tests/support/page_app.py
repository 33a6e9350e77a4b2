"""The app as `make run` serves it, with two things that only tests need.

Below /prod it is served once more, as behind the stage of an API Gateway, which cuts the stage's path off and takes
/prod for /prod/, so that the page cannot be led to the right place by a redirect. And GET /last-body returns what the
last POST brought: Chromium's own record of a request leaves the files of a form out.
"""

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from function.handler import app as service

_STAGE = "/prod"
_last_body = bytearray()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request."""
    path = scope.get("path", "")
    if path == "/last-body":
        await Response(bytes(_last_body))(scope, receive, send)
        return
    if path == _STAGE or path.startswith(f"{_STAGE}/"):
        path = path.removeprefix(_STAGE) or "/"
        scope = {**scope, "path": path, "raw_path": path.encode(), "root_path": _STAGE}
    if scope.get("method") == "POST":
        _last_body.clear()
        receive = _recorded(receive)
    await service(scope, receive, send)


def _recorded(receive: Receive) -> Receive:
    async def record() -> Message:
        message = await receive()
        _last_body.extend(message.get("body", b""))
        return message

    return record
