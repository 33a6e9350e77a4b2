"""Fixtures: the image, and a container that runs as on Lambda."""

import fcntl
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.programs import MODEL, ROOT, completed, require_engine, run
from tests.support.waiting import wait_for

TAG = "pet-tagger:test"

# As on Lambda: only /tmp is writable, the user is unknown, and memory is as in the template. There is no network.
STRANGER = ["--read-only", "--user=1051", "--cap-drop=ALL"]
AS_LAMBDA = [*STRANGER, "--tmpfs=/tmp", "--network=none", "--memory=3008m"]

# There is no port to publish without a network, so the client runs inside.
_CLIENT = """
import sys, urllib.error, urllib.request
url = "http://127.0.0.1:8080/2015-03-31/functions/function/invocations"
try: answer = urllib.request.urlopen(url, sys.stdin.buffer.read(), timeout=60)
except urllib.error.HTTPError as error: answer = error
sys.stdout.write(f"{answer.status} {answer.read().decode()}")
"""


class Container:
    """A running container of the image; the base image's runtime interface emulator takes its events."""

    def __init__(self, container_id: str) -> None:
        self.id = container_id

    def invoke(self, event: Any) -> Any:
        """Return the function's answer to `event`; fail the test if the function's process ended."""
        status, answer = self.try_to_invoke(event)
        assert status == 200, answer
        return json.loads(answer)

    def try_to_invoke(self, event: Any) -> tuple[int, str]:
        """Return status and body of the emulator's answer. The status is 200 unless the function's process ended."""
        status, _, body = self.execute("python3", "-c", _CLIENT, stdin=json.dumps(event)).partition(" ")
        return int(status), body

    def execute(self, *command: str, stdin: str = "") -> str:
        """Return the output of `command`, run inside."""
        return run("docker", "exec", "-i", self.id, *command, stdin=stdin)

    def logs(self) -> str:
        """Return all that the function and the emulator have written."""
        command = ["docker", "logs", self.id]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout

    def wait_until_it_listens(self) -> None:
        """Return when the emulator takes connections; fail the test with the log if it does not."""
        connect = "import socket; socket.create_connection(('127.0.0.1', 8080))"
        probe = ("docker", "exec", self.id, "python3", "-c", connect)
        wait_for(lambda: completed(*probe).returncode == 0, timeout_s=30, log=self.logs)


@pytest.fixture(scope="session")
def image() -> str:
    """The tag of the image, built from this folder with the demo model."""
    require_engine()
    with (ROOT / "Dockerfile").open("rb") as dockerfile:  # one process builds, the others reuse its layers
        fcntl.flock(dockerfile, fcntl.LOCK_EX)
        run("docker", "build", "--build-arg", f"MODEL_ID={MODEL}", "--tag", TAG, ".", timeout_s=1800)
    return TAG


@pytest.fixture(scope="session")
def container(image: str) -> Iterator[Container]:
    """A warm container, shared by all tests."""
    with running(image) as warm:
        yield warm


@contextmanager
def running(image: str, limits: Sequence[str] = AS_LAMBDA) -> Iterator[Container]:
    """Start a container, wait until it listens, and always remove it afterwards."""
    container = Container(run("docker", "run", "--detach", *limits, image).strip())
    try:
        container.wait_until_it_listens()
        yield container
    finally:
        run("docker", "rm", "--force", "--volumes", container.id)
