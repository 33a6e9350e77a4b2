"""moto's server over HTTP, with injected faults and Lambda functions that can be invoked.

    python -m tests.support.aws PORT      in a separate process

Only clients whose user agent contains `app/faulty` get faults (boto3: AWS_SDK_UA_APP_ID=faulty), so that a test can
inspect the buckets. GET and POST /faults read and set them.
"""

import argparse
import json
import logging
import os
import random
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

PHOTOS, OLD_PHOTOS, RESULTS = "photos-bucket", "unversioned-bucket", "results-bucket"
REGION: Final = "eu-central-1"
_INVOCATION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")


@dataclass
class Faults:
    """Shares (0 to 1) of a faulty client's requests to S3 and EventBridge that fail, by kind of fault."""

    errors: float = 0.0  # answered with 500 or 503
    cut: float = 0.0  # the answer is truncated
    slow: float = 0.0  # the answer comes after `slow_s`
    slow_s: float = 1.0
    hold_put: int = 0  # this write, counted from now, is delayed and then fails
    held: bool = False  # whether that write has arrived
    counts: dict[str, int] = field(default_factory=dict)


class Aws:
    """A WSGI application: moto behind the faults."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._random, self._lock = random.Random(0), threading.Lock()  # noqa: S311 - chooses faults
        self.faults = Faults()
        self.functions: dict[str, Callable[[Any], Any]] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/faults":
            return self._configure(environ, start_response)
        if invocation := _INVOCATION.fullmatch(path):
            return self._invoke(self.functions[invocation[1].rpartition(":")[2]], environ, start_response)
        if "app/faulty" in environ.get("HTTP_USER_AGENT", "") and _is_target(environ):
            fault = self._choose(environ)
            if fault in {"500", "503"}:
                return _error(start_response, fault)
            if fault == "cut":
                return [b"".join(self._serve(environ, start_response))[:-20]]
        return self._serve(environ, start_response)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_IF_NONE_MATCH" in environ and environ["REQUEST_METHOD"] == "PUT":
            with self._lock:  # a conditional write is atomic in S3, but not in moto
                return list(self._moto(environ, start_response))
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer

    def _choose(self, environ: WSGIEnvironment) -> str:
        faults, chance = self.faults, self._random.random()
        if environ["REQUEST_METHOD"] == "PUT" and faults.hold_put:
            faults.hold_put -= 1
            if faults.hold_put == 0:
                faults.held = True
                time.sleep(3)
                return "500"
        kind = ""
        if chance < faults.errors:
            kind = self._random.choice(["500", "503"])
        elif chance < faults.errors + faults.cut and environ["REQUEST_METHOD"] == "GET":
            kind = "cut"
        elif faults.errors + faults.cut <= chance < faults.errors + faults.cut + faults.slow:
            kind = "slow"
            time.sleep(faults.slow_s)
        if kind:
            with self._lock:
                faults.counts[kind] = faults.counts.get(kind, 0) + 1
        return kind

    def _configure(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length:
            for name, value in json.loads(environ["wsgi.input"].read(length)).items():
                assert name in {each.name for each in fields(Faults)}
                setattr(self.faults, name, value)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(asdict(self.faults)).encode()]

    def _invoke(
        self, function: Callable[[Any], Any], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer like Lambda's Invoke, with the function's result, or with its exception as FunctionError."""
        event = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        headers = [("Content-Type", "application/json")]
        try:
            payload = function(event)
        except Exception as error:
            payload = {"errorType": type(error).__name__, "errorMessage": str(error)}
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        start_response("200 OK", headers)
        return [json.dumps(payload).encode()]


def _is_target(environ: WSGIEnvironment) -> bool:
    return bool(re.search(r"/(s3|events)/aws4_request", environ.get("HTTP_AUTHORIZATION", "")))


def _error(start_response: StartResponse, status: str) -> Iterable[bytes]:
    code = {"500": "InternalError", "503": "SlowDown"}[status]
    start_response(f"{status} Error", [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()]


@contextmanager
def serving(port: int = 0) -> Iterator[tuple[str, Aws]]:
    """Serve in a thread; yield the URL and the application."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # no line per request
    aws = Aws()
    server = make_server("127.0.0.1", port, aws, threaded=True)
    before = os.environ.get("MOTO_PORT")
    url = f"http://127.0.0.1:{server.server_port}"
    os.environ["MOTO_PORT"] = str(server.server_port)  # moto's Step Functions call other services at this port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    # moto keeps its state per process, so remove the buckets of an earlier server.
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()  # noqa: S310
    try:
        yield url, aws
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        if before is None:
            del os.environ["MOTO_PORT"]
        else:
            os.environ["MOTO_PORT"] = before


def environment(url: str) -> dict[str, str]:
    """Return the environment variables that make boto3 send requests to `url`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def cloud() -> Iterator[Aws]:
    """Serve in a thread; let boto3 of this process send its requests there; yield the application."""
    with pytest.MonkeyPatch.context() as patch, serving() as (url, application):
        for name, value in environment(url).items():
            patch.setenv(name, value)
        yield application


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.aws", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    with serving(parser.parse_args().port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
