"""Make the sample events of `events/` from a picture: every front door, every way to send it, every error.

    python -m tools.make_events [--check]

`sam local invoke -e events/NAME.json` takes any of them; the tests replay them all through the handlers. Those of the
bulk function come from `tools/bulk_events.py`.
"""

import argparse
import base64
import io
import json
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tools.bulk_events import bulk_samples

EVENTS_FOLDER = Path(__file__).parent.parent / "events"
PICTURE = EVENTS_FOLDER / "cat.jpg"

_BOUNDARY = "pet-tagger-boundary"
MULTIPART = f"multipart/form-data; boundary={_BOUNDARY}"
_HOST = "abcdefghij.execute-api.eu-central-1.amazonaws.com"
_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
_SOURCE_IP = "203.0.113.7"


@dataclass(frozen=True)
class Request:
    """One HTTP request, before any front door has wrapped it."""

    method: str = "GET"
    path: str = "/health"
    body: bytes = b""
    content_type: str = ""
    query: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """The headers a client and a front door would send."""
        headers = {"Host": _HOST, "User-Agent": "curl/8.10.1", "Accept": "*/*", "X-Forwarded-Proto": "https"}
        return headers | ({"Content-Type": self.content_type} if self.content_type else {})


@dataclass(frozen=True)
class Sample:
    """One event and what it is answered: `code` is the problem's, empty for an answer without one."""

    event: dict[str, Any]
    status: int = 200
    code: str = ""


def multipart(*parts: tuple[str, str | None, bytes]) -> bytes:
    """Return a multipart body of (field name, file name or None, content) parts."""
    body = io.BytesIO()
    for name, filename, content in parts:
        file = f'; filename="{filename}"\r\nContent-Type: application/octet-stream' if filename is not None else ""
        body.write(f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode())
        body.write(content + b"\r\n")
    body.write(f"--{_BOUNDARY}--\r\n".encode())
    return body.getvalue()


def rest_event(request: Request) -> dict[str, Any]:
    """Return `request` as an API Gateway REST API (payload 1.0) event."""
    body, is_base64 = _encoded(request)
    return {
        "resource": request.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": request.headers,
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": request.query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in request.query.items()} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": _HOST,
            "httpMethod": request.method,
            "identity": {"sourceIp": _SOURCE_IP, "userAgent": "curl/8.10.1"},
            "path": f"/prod{request.path}",
            "protocol": "HTTP/1.1",
            "requestId": _REQUEST_ID,
            "resourcePath": request.path,
            "stage": "prod",
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


def http_event(request: Request) -> dict[str, Any]:
    """Return `request` as an API Gateway HTTP API (payload 2.0) event."""
    body, is_base64 = _encoded(request)
    event = {
        "version": "2.0",
        "routeKey": f"{request.method} {request.path}",
        "rawPath": request.path,
        "rawQueryString": urlencode(request.query),
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": _HOST,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": _SOURCE_IP,
                "userAgent": "curl/8.10.1",
            },
            "requestId": _REQUEST_ID,
            "stage": "$default",
        },
        "isBase64Encoded": is_base64,
    }
    return event | ({"body": body} if body is not None else {})


def function_url_event(request: Request) -> dict[str, Any]:
    """Return `request` as a Lambda function URL event: payload 2.0 from another host."""
    event = http_event(request)
    host = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws"
    event["routeKey"] = "$default"
    event["headers"] = {**event["headers"], "host": host}
    event["requestContext"] = {**event["requestContext"], "domainName": host, "routeKey": "$default"}
    return event


def alb_event(request: Request) -> dict[str, Any]:
    """Return `request` as an Application Load Balancer event; it leaves the query as it was, percent-encoded."""
    body, is_base64 = _encoded(request)
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/pet-tagger/6d0ecf831eec9f09"
    return {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": request.method,
        "path": request.path,
        "queryStringParameters": request.query,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": body or "",
        "isBase64Encoded": is_base64,
    }


def png_header(width: int, height: int) -> bytes:
    """Return the start of a PNG that claims to have `width` x `height` pixels, and ends before the first of them."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


def samples() -> dict[str, Sample]:
    """Return every event by its name, which is its file's, with what it is answered."""
    return _front_doors() | _errors()


def _front_doors() -> dict[str, Sample]:
    picture = PICTURE.read_bytes()
    encoded = base64.b64encode(picture).decode()
    form = multipart(("file", "cat.jpg", picture))
    with_options = multipart(("image", "cat.jpg", picture), ("top_k", None, b"3"), ("min_score", None, b"0"))
    as_json = json.dumps({"inputs": encoded, "parameters": {"top_k": 3}}).encode()
    requests = {
        "tag-multipart": Request("POST", "/tag", form, MULTIPART),
        "tag-multipart-options": Request("POST", "/tag", with_options, MULTIPART),
        "tag-raw": Request("POST", "/tag", picture, "image/jpeg", {"top_k": "3"}),
        "tag-json": Request("POST", "/tag", as_json, "application/json"),
        "embed-raw": Request("POST", "/embed", picture, "image/jpeg"),
        "embed-json": Request("POST", "/embed", json.dumps({"inputs": encoded}).encode(), "application/json"),
        "embed-text": Request("POST", "/embed", b'{"text": "a photo of a cat"}', "application/json"),
        "embed-texts": Request("POST", "/embed", b'{"texts": ["a cat", "a dog"]}', "application/json"),
        "labels": Request(path="/labels"),
        "health": Request(path="/health"),
        "page": Request(path="/"),
        "docs": Request(path="/docs"),
        "openapi": Request(path="/openapi.json"),
    }
    doors: dict[str, Callable[[Request], dict[str, Any]]] = {
        "rest": rest_event,
        "http": http_event,
        "function-url": function_url_event,
        "alb": alb_event,
    }
    every_door = ("tag-multipart", "tag-raw", "tag-json", "health")
    return {
        f"{door}-{name}": Sample(make(request))
        for door, make in doors.items()
        for name, request in requests.items()
        if door == "rest" or name in every_door
    }


def _errors() -> dict[str, Sample]:
    picture = PICTURE.read_bytes()

    def form(*parts: tuple[str, str | None, bytes]) -> Request:
        return Request("POST", "/tag", multipart(*parts), MULTIPART)

    def as_json(body: object) -> Request:
        text = body if isinstance(body, str) else json.dumps(body)
        return Request("POST", "/tag", text.encode(), "application/json")

    whole = ("file", "cat.jpg", picture)
    broken_form = multipart(whole).replace(b'; name="file"', b"")
    requests: dict[str, tuple[Request, int, str]] = {
        "no-file": (form(("note", None, b"no picture")), 400, "missing_image"),
        "empty-file": (form(("file", "empty.jpg", b"")), 400, "missing_image"),
        "two-files": (form(whole, ("image", "again.jpg", picture)), 400, "too_many_images"),
        "broken-form": (Request("POST", "/tag", broken_form, MULTIPART), 400, "malformed_body"),
        "broken-json": (as_json('{"inputs": '), 400, "malformed_body"),
        "broken-base64": (as_json({"inputs": "not base64!"}), 400, "malformed_body"),
        "url": (as_json({"inputs": "https://example.com/cat.jpg"}), 400, "malformed_body"),
        "too-many-pixels": (form(("file", "bomb.png", png_header(40_000, 40_000))), 413, "too_many_pixels"),
        "text-file": (form(("file", "cat.jpg", b"This is a text.\n" * 40)), 415, "unsupported_media_type"),
        "content-type": (Request("POST", "/tag", b"cat", "text/plain"), 415, "unsupported_media_type"),
        "truncated-jpeg": (form(("file", "cut.jpg", picture[: len(picture) // 3])), 422, "undecodable_image"),
        "option": (form(whole, ("top_k", None, b"many")), 422, "invalid_option"),
        "embed": (Request("POST", "/embed", b'{"text": ""}', "application/json"), 422, "invalid_option"),
        "s3": (as_json({"inputs": "s3://bucket/cat.jpg"}), 501, "source_not_supported"),
        "path": (Request(path="/nowhere"), 404, "not_found"),
        "method": (Request(path="/tag"), 405, "method_not_allowed"),
    }
    errors = {
        f"error-{name}": Sample(rest_event(request), status, code) for name, (request, status, code) in requests.items()
    }
    return errors | {"error-not-http": Sample({"hello": "world"}, 400, "malformed_event")}


def _encoded(request: Request) -> tuple[str | None, bool]:
    """Return the body as a front door passes it: base64 for what it takes for binary."""
    if not request.body:
        return None, False
    if request.content_type.startswith(("application/json", "text/")):
        return request.body.decode(), False
    return base64.b64encode(request.body).decode(), True


def main() -> int:
    """Run the command line; return its exit code: 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_events", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file differs")
    check = parser.parse_args().check
    wrong = []
    for name, sample in (samples() | bulk_samples()).items():
        path = EVENTS_FOLDER / f"{name}.json"
        text = json.dumps(sample.event, indent=2) + "\n"
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            wrong.append(path.name)
    if wrong:
        print(f"events/ is not what tools/make_events.py makes: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
