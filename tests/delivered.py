"""What the tests of the delivered thing share: an engine, servers, the model they bake, the answers to compare with."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

ROOT = Path(__file__).parent.parent
MODEL = subprocess.run([ROOT / "scripts/demo-model.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

_ANSWER_EVENTS = """
import json, pathlib, sys, types
from function.handler import handler

context = types.SimpleNamespace(aws_request_id="in-process")
events = json.load(sys.stdin)
answers = {name: handler(event, context) for name, event in events.items()}
pathlib.Path(sys.argv[1]).write_text(json.dumps(answers))
"""


def require_engine() -> None:
    """Skip where no container engine answers, or fail where $REQUIRE_ENGINE says that there is one."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0:
        return
    if os.environ.get("REQUIRE_ENGINE"):
        pytest.fail("no container engine answers `docker info`", pytrace=False)
    pytest.skip("no container engine answers `docker info`")


def require(*names: str) -> str:
    """Return the path of a program, by the first of its names that is on PATH.

    Where there is none, skip, or fail where $REQUIRE_TOOLS says that there is one.
    """
    if path := next(filter(None, map(shutil.which, names)), None):
        return path
    missing = f"no {names[0]} on PATH"
    if os.environ.get("REQUIRE_TOOLS"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def run(*command: str, stdin: str = "", timeout_s: float = 60) -> str:
    """Return what `command` prints, run in the project's folder; if it fails, so does the test, with all it said."""
    result = subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if result.returncode != 0:
        pytest.fail(
            f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}\n{result.stderr}", pytrace=False
        )
    return result.stdout


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(
    *command: str,
    port: int,
    log: Path,
    environment: dict[str, str] | None = None,
    timeout_s: float = 180,
    path: str = "/health",
) -> Iterator[httpx2.Client]:
    """Run a server that listens on `port` and yield a client once `path` answers 200; stop all of it afterwards.

    What it prints goes into `log`, and into the failure of the test if it does not get healthy.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a process group of its own: what the command starts is stopped with it
        )
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                _wait_until_healthy(client, path, process, log, timeout_s)
                yield client
        finally:
            _stop(process)


def _wait_until_healthy(
    client: httpx2.Client, path: str, process: subprocess.Popen[bytes], log: Path, timeout_s: float
) -> None:
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get(path).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"{process.args!r} does not serve (exit code {process.poll()}):\n{log.read_text()}", pytrace=False)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children: asked first, so that SAM removes its container, then by force."""
    for wish in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, wish)
        try:
            process.wait(timeout=60)
            return
        except subprocess.TimeoutExpired:
            continue


def in_process_answers(events: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what the handler, outside any container, answers to `events`; `folder` takes the model it bakes.

    In a process of its own: the handler loads its model when it is imported.
    """
    model, answers = folder / "model", folder / "answers.json"
    run(sys.executable, "-m", "function.bake", "--model", MODEL, "--out", str(model))
    run("env", f"MODEL_DIR={model}", sys.executable, "-c", _ANSWER_EVENTS, str(answers), stdin=json.dumps(events))
    result: dict[str, Any] = json.loads(answers.read_text())
    return result


def scores(body: str) -> dict[str, float]:
    """Return the labels with their scores of an answer's body."""
    return {tag["label"]: tag["score"] for tag in json.loads(body)}
