"""Faults in the environment of the image: full /tmp, too little memory, SIGTERM during a request."""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from tests.conftest import encode
from tests.container.conftest import AS_LAMBDA, STRANGER, Container, running
from tests.container.test_invocations import CUSTOM_LABELS, SAMPLES
from tests.support.programs import run
from tests.support.waiting import wait_for
from tools.make_events import Request, rest_event

pytestmark = pytest.mark.container

TAG_PICTURE = SAMPLES["rest-tag-raw"].event

# Writes until /tmp is full, then prints its free bytes.
_FILL_TMP = """
import os
try:
    with open("/tmp/filler", "wb", buffering=0) as file:
        while file.write(bytes(4096)): pass
except OSError: pass
print(os.statvfs("/tmp").f_bavail)
"""


@pytest.fixture(scope="module")
def large_event() -> dict[str, Any]:
    """A picture of 49 megapixels in 200 kB. It takes seconds, and more memory than the limit of the tests below."""
    picture = encode(Image.new("RGBA", (7000, 7000), (1, 2, 3, 128)), "PNG")
    labels = {"candidate_labels": "cat,car"}  # the text tower is read as well
    return rest_event(Request("POST", "/tag", picture, "image/png", labels))


@pytest.fixture
def full_tmp(image: str) -> Iterator[Container]:
    """A container that has filled its /tmp."""
    with running(image, [*AS_LAMBDA, "--tmpfs=/tmp:size=64k"]) as container:
        assert container.execute("python3", "-c", _FILL_TMP) == "0\n"
        yield container


def limited(memory: str) -> list[str]:
    """Return Lambda's limits with another memory limit and without swap."""
    return [*AS_LAMBDA, f"--memory={memory}", f"--memory-swap={memory}"]


def answers_with_another_status(container: Container) -> dict[str, Any]:
    """Return the answers that have another status than their sample, by the name of the event."""
    events = {"custom labels": (CUSTOM_LABELS, 200)} | {name: (s.event, s.status) for name, s in SAMPLES.items()}
    answers = {name: (container.invoke(event), status) for name, (event, status) in events.items()}
    return {name: answer for name, (answer, status) in answers.items() if answer.get("statusCode") != status}


def test_full_tmp_changes_no_answer(full_tmp: Container) -> None:
    assert answers_with_another_status(full_tmp) == {}


def test_absent_tmp_changes_no_answer(image: str) -> None:
    with running(image, [*STRANGER, "--network=none", "--memory=3008m"]) as container:
        assert container.execute("sh", "-c", "touch /tmp/x 2>/dev/null; echo $?") == "1\n"
        assert answers_with_another_status(container) == {}


def test_fails_immediately_if_memory_is_too_small_to_start(image: str) -> None:
    """As on Lambda, each call restarts the process and fails immediately because the process is killed."""
    with running(image, limited("128m")) as container:
        started = time.monotonic()
        assert [container.try_to_invoke(TAG_PICTURE)[0] for _ in range(2)] == [502, 502]
        assert time.monotonic() - started < 60
        assert "Runtime exited with error: signal: killed" in container.logs()


def test_next_request_succeeds_after_a_picture_that_needs_too_much_memory(
    image: str, large_event: dict[str, Any]
) -> None:
    with running(image, limited("450m")) as container:
        assert container.invoke(TAG_PICTURE)["statusCode"] == 200
        assert container.try_to_invoke(large_event)[0] == 502
        assert container.invoke(TAG_PICTURE)["statusCode"] == 200
        log = container.logs()
    assert "signal: killed" in log
    assert log.count("model loaded") == 2


def test_sigterm_stops_the_container_during_a_request(image: str, large_event: dict[str, Any]) -> None:
    """The waiting client gets a broken connection or the emulator's error, never half an answer."""
    with (
        running(image, [*STRANGER, "--tmpfs=/tmp", "--memory=3008m", "--publish=127.0.0.1::8080"]) as container,
        ThreadPoolExecutor(1) as threads,
    ):
        port = int(run("docker", "port", container.id, "8080").splitlines()[0].rpartition(":")[2])
        assert call(port, TAG_PICTURE) == 200
        caller = threads.submit(call, port, large_event)
        wait_for(lambda: container.logs().count("INVOKE START") >= 2, timeout_s=30, log=container.logs)
        run("docker", "kill", "--signal=TERM", container.id)
        run("docker", "wait", container.id, timeout_s=20)
        outcome = caller.result(timeout=20)
        log = container.logs()
    assert outcome in {"cut off", "error"}
    assert log.count('"message":"request"') == 1, "the request was over before it was interrupted"


def call(port: int, event: Any) -> Any:
    """Return the status of the function's answer, "error" for one of the emulator, "cut off" if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
        response = connection.getresponse()
        body = response.read()
    except (ConnectionError, http.client.HTTPException):
        return "cut off"
    finally:
        connection.close()
    # The emulator's own errors have another status, or a body without `statusCode`.
    is_ours = response.status == 200 and b'"statusCode"' in body
    return json.loads(body)["statusCode"] if is_ours else "error"
