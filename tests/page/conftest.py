"""The service in a process of its own, and a Chromium that looks at it."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.support.programs import MODEL, require, run
from tools.chromium import CHROMIUM_FLAGS, CHROMIUM_NAMES
from tools.server_process import free_port, serving

# Own labels load the text tower: seconds, where the machine has other work.
TIMEOUT_MS = 60_000


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service, which tags with the demo model."""
    folder = tmp_path_factory.mktemp("service")
    model, port = folder / "model", free_port()
    run(sys.executable, "-m", "function.bake", "--model", MODEL, "--out", str(model))
    command = (sys.executable, "-m", "uvicorn", "tests.support.page_app:app", "--port", str(port))
    with serving(*command, port=port, log=folder / "log", environment={"MODEL_DIR": str(model)}):
        yield f"http://127.0.0.1:{port}/"


# Of the package, not the session: while it is open, Playwright's event loop runs in this thread, and other tests want
# one of their own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    executable = require(*CHROMIUM_NAMES)
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
