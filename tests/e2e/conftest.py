"""`sam build`, and `sam local start-api` over what it built."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.delivered import MODEL, ROOT, require_engine, run

SAM = "scripts/sam.sh"


@pytest.fixture(scope="session")
def built() -> None:
    """The stack, built by SAM with the demo model instead of the default one."""
    require_engine()
    run(SAM, "build", "--parameter-overrides", f"ModelId={MODEL}", timeout_s=1800)


@pytest.fixture(scope="session")
def api(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:  # noqa: ARG001 - built first
    """A client of the API that `sam local` serves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("sam") / "start-api.log"
    with _start_api(port, log) as process, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        _wait_until_healthy(client, process, log)
        yield client


@contextmanager
def _start_api(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `sam local start-api`, in a process group of its own so that all of it can be stopped."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [SAM, "local", "start-api", "--port", str(port)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # SAM removes its container and ends
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_healthy(
    client: httpx.Client, process: subprocess.Popen[bytes], log: Path, timeout_s: float = 180
) -> None:
    """Return when GET /health answers 200; fail with SAM's log when it ends or does not get there."""
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    pytest.fail(f"`sam local start-api` serves nothing:\n{log.read_text()}", pytrace=False)
