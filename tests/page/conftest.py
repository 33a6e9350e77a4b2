"""The service in a process of its own, and a Chromium that looks at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from function import bake
from tools.chromium import CHROMIUM_FLAGS

MODEL = "models/demo" if Path("models/demo").is_dir() else "build/small"

# Own labels load the text tower: seconds, where the machine has other work.
TIMEOUT_MS = 60_000


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service, which tags with the demo model."""
    folder = tmp_path_factory.mktemp("service")
    assert bake.main(["--model", MODEL, "--out", str(folder / "model")]) == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "tests.page.served:app", "--port", str(port)],
            env={**os.environ, "MODEL_DIR": str(folder / "model")},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx2.get(url).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"the service does not start:\n{log.read_text()}", pytrace=False)


# Of the package, not the session: while it is open, Playwright's event loop runs in this thread, and other tests want
# one of their own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("no chromium on PATH (Debian: apt-get install chromium)", pytrace=False)
        pytest.skip("no chromium on PATH (Debian: apt-get install chromium)")
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context_options() -> dict[str, Any]:
    """What the test's browser is: a test that wants a phone, or the dark, parametrises this."""
    return {}


@pytest.fixture
def context(chromium: Browser, service: str, context_options: dict[str, Any]) -> Iterator[BrowserContext]:
    options: dict[str, Any] = {
        "base_url": service,
        "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce",
        **context_options,
    }
    with chromium.new_context(**options) as context:
        context.set_default_timeout(TIMEOUT_MS)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """The web page, opened; whatever a test does with it, nothing breaks its policy and no error goes uncaught."""
    page = context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # Chromium itself reports every answer over 399 as an error, also those that the page expects.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    yield page
    assert complaints == []
