"""The app as `make run` serves it, with two things that only tests need.

It is also served below /prod, as behind a stage of API Gateway. API Gateway removes the stage from the path and treats
/prod like /prod/, so a redirect cannot fix the page's relative URLs. GET /last-body returns the body of the last POST,
because Chromium's record of a request omits the files of a form.
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
