"""Make the sample events in `events/`: every front door, every way to send an image, every error.

    python -m tools.make_events [--check]

Use them with `sam local invoke -e events/NAME.json`. The tests replay them all through the handlers.
`tools/bulk_events.py` makes the events of the bulk function.
"""

import argparse
import base64
import io
import json
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tools.bulk_events import bulk_samples

EVENTS_FOLDER = Path(__file__).parent.parent / "events"
PICTURE = EVENTS_FOLDER / "cat.jpg"

_BOUNDARY = "pet-tagger-boundary"
MULTIPART = f"multipart/form-data; boundary={_BOUNDARY}"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HOST = "abcdefghij.execute-api.eu-central-1.amazonaws.com"
_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
_SOURCE_IP = "203.0.113.7"


@dataclass(frozen=True)
class Request:
    """One HTTP request, independent of a front door."""

    method: str = "GET"
    path: str = "/health"
    body: bytes = b""
    content_type: str = ""
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    content_encoding: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that a client and a front door send."""
        headers = {"Host": _HOST, "User-Agent": "curl/8.10.1", "Accept": "*/*", "X-Forwarded-Proto": "https"}
        own = {"Content-Type": self.content_type, "Content-Encoding": self.content_encoding}
        return headers | {name: value for name, value in own.items() if value}


@dataclass(frozen=True)
class Sample:
    """One event and its answer: the status, and the code of the problem document if there is one."""

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


def rest_event(request: Request, base_path: str = "") -> dict[str, Any]:
    """Return `request` as an API Gateway REST API (payload 1.0) event; a custom domain may add a base path."""
    body, is_base64 = _encoded(request)
    return {
        "resource": request.path.rstrip("/") or "/",
        "path": f"{base_path}{request.path}",
        "httpMethod": request.method,
        "headers": request.headers,
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": {name: _values(value)[-1] for name, value in request.query.items()} or None,
        "multiValueQueryStringParameters": {name: _values(value) for name, value in request.query.items()} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": _HOST,
            "httpMethod": request.method,
            "identity": {"sourceIp": _SOURCE_IP, "userAgent": "curl/8.10.1"},
            "path": f"{base_path or '/prod'}{request.path}",
            "protocol": "HTTP/1.1",
            "requestId": _REQUEST_ID,
            "resourcePath": request.path.rstrip("/") or "/",
            "stage": "prod",
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


def http_event(request: Request, stage: str = "$default") -> dict[str, Any]:
    """Return `request` as an API Gateway HTTP API (payload 2.0) event; a named stage is a part of the path."""
    body, is_base64 = _encoded(request)
    path = request.path if stage == "$default" else f"/{stage}{request.path}"
    event = {
        "version": "2.0",
        "routeKey": f"{request.method} {request.path}",
        "rawPath": path,
        "rawQueryString": urlencode(request.query, doseq=True),
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": _HOST,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": _SOURCE_IP,
                "userAgent": "curl/8.10.1",
            },
            "requestId": _REQUEST_ID,
            "stage": stage,
        },
        "isBase64Encoded": is_base64,
    }
    return event | ({"body": body} if body is not None else {})


def function_url_event(request: Request) -> dict[str, Any]:
    """Return `request` as a Lambda function URL event, which is payload 2.0 with another host."""
    event = http_event(request)
    host = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws"
    event["routeKey"] = "$default"
    event["headers"] = {**event["headers"], "host": host}
    event["requestContext"] = {**event["requestContext"], "domainName": host, "routeKey": "$default"}
    return event


def alb_event(request: Request) -> dict[str, Any]:
    """Return `request` as an Application Load Balancer event, whose query stays percent-encoded."""
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


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int) -> bytes:
    """Return a PNG whose header says `width` x `height` and that has no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")


def samples() -> dict[str, Sample]:
    """Return every event with its answer, by the name of its file."""
    return _front_doors() | _prefixes() | _errors() | _no_requests()


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


def _prefixes() -> dict[str, Sample]:
    """Return requests whose path has a stage, a base path or a slash at its end."""
    picture = PICTURE.read_bytes()
    requests = {
        "health": Request(path="/health"),
        "page": Request(path="/"),
        "docs": Request(path="/docs"),
        "tag": Request("POST", "/tag", picture, "image/jpeg", {"top_k": "3"}),
    }
    return {
        f"{door}-{name}": Sample(event)
        for name, request in requests.items()
        for door, event in {
            "rest-base-path": rest_event(request, base_path="/pets"),
            "http-stage": http_event(request, stage="dev"),
            "rest-trailing-slash": rest_event(replace(request, path=f"{request.path.rstrip('/')}/")),
        }.items()
        if (door, name) != ("rest-trailing-slash", "page")  # it has a slash anyway
    }


def _no_requests() -> dict[str, Sample]:
    """Return events that are not HTTP requests: warm-up pings, which get an empty answer, and one unknown event."""
    return {
        "warmup-plugin": Sample({"source": "serverless-plugin-warmup"}),
        "warmup-schedule": Sample({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
        "error-not-http": Sample({"hello": "world"}, 400, "malformed_event"),
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
    # API Gateway passes a body whose type is not in BinaryMediaTypes as text.
    as_text = rest_event(Request("POST", "/tag", picture, "image/x-unknown"))
    as_text |= {"body": picture.decode(errors="replace"), "isBase64Encoded": False}
    return errors | {"error-body-as-text": Sample(as_text, 415, "unsupported_media_type")}


def _values(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _encoded(request: Request) -> tuple[str | None, bool]:
    """Return the body as a front door passes it: as base64 if it is binary."""
    if not request.body:
        return None, False
    if request.content_type.startswith(("application/json", "text/")):
        with suppress(UnicodeDecodeError):
            return request.body.decode(), False
    return base64.b64encode(request.body).decode(), True


def main() -> int:
    """Run the command line; return its exit code: 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_events", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file differs")
    check = parser.parse_args().check
    different = []
    for name, sample in (samples() | bulk_samples()).items():
        path = EVENTS_FOLDER / f"{name}.json"
        text = json.dumps(sample.event, indent=2) + "\n"
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            different.append(path.name)
    if different:
        print(f"run `python -m tools.make_events` and commit; out of date: {', '.join(different)}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
