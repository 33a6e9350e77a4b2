"""Fixtures: the service in a separate process, and a Chromium that opens its page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.conftest import local_server
from tests.support.programs import require
from tools.chromium import CHROMIUM_FLAGS, CHROMIUM_NAMES

# A request with its own labels loads the text tower, which takes seconds on a busy machine.
TIMEOUT_MS = 60_000


@pytest.fixture(scope="package")
def service(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service, which tags with the demo model."""
    log = tmp_path_factory.mktemp("service") / "log"
    with local_server("tests.support.page_app:app", log, {"MODEL_DIR": str(demo_model)}) as url:
        yield f"{url}/"


# Package scope, because Playwright's event loop runs in this thread while the browser is open, and other tests need
# their own event loop.
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
    """Options of the browser context. Tests parametrise this, for example for a phone or a dark colour scheme."""
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
    """The opened web page. The test fails on a violation of the content security policy or an uncaught error."""
    page = context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # Chromium logs every status above 399 as an error, also those that the page expects.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    yield page
    assert complaints == []
