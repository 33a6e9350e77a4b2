"""Run a server in a separate process, for tests and benchmarks."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

ROOT = Path(__file__).parent.parent


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
    """Run a server on `port`; yield a client when `path` answers 200; stop the server and its children afterwards.

    Its output goes to `log`. Raises RuntimeError, with that output, if the server is not ready within `timeout_s`.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the caller's own command
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a process group, so that its children are stopped too
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
    raise RuntimeError(f"{process.args!r} does not serve (exit code {process.poll()}):\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the process and its children, first with SIGTERM, so that SAM removes its container."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal_number)
        try:
            process.wait(timeout=60)
            return
        except subprocess.TimeoutExpired:
            continue
