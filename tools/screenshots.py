"""Take the README's screenshots of the web page with the demo model.

python -m tools.screenshots

Needs Chromium and the Inter font (Debian: chromium, fonts-inter).
"""

import io
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from function.bake import bake
from function.tagging.labels import LABELS_TOML
from tools.chromium import launched
from tools.docs import ADDRESS
from tools.served import MODEL, served

IMAGES = Path(__file__).parent.parent / "docs/images"

_WIDE: dict[str, Any] = {"viewport": {"width": 1180, "height": 830}}
_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
_SCREENS: dict[str, dict[str, Any]] = {
    "page-light": _WIDE,
    "page-dark": _WIDE | {"color_scheme": "dark"},
    "page-phone-light": _PHONE,
    "page-phone-dark": _PHONE | {"color_scheme": "dark"},
}


def take(browser: Browser, url: str, name: str, options: dict[str, Any]) -> Path:
    """Take one screenshot and return its file: two tagged pictures, or on a phone the page before any picture."""
    with browser.new_context(device_scale_factor=1.5, reduced_motion="reduce", **options) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator("#known")).to_contain_text("cat")
        if "is_mobile" not in options:
            _tag_two(page)
        shot = Image.open(io.BytesIO(page.screenshot()))
    path = IMAGES / f"{name}.webp"
    path.parent.mkdir(parents=True, exist_ok=True)
    shot.convert("RGB").save(path, quality=88, method=6)
    return path


def _tag_two(page: Page) -> None:
    for label in ("dog", "cat"):
        page.get_by_role("button", name=f"Tag a {label}").click()
        expect(page.locator(".card").first).to_have_attribute("data-state", "done")
    page.locator(".card").first.get_by_text("The same with curl").click()
    page.mouse.move(0, 0)


def main() -> None:
    """Take all screenshots."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        bake(str(MODEL), None, LABELS_TOML, model)
        with served(model) as port, launched(f"--host-resolver-rules=MAP {ADDRESS} localhost:{port}") as browser:
            for name, options in _SCREENS.items():
                path = take(browser, f"http://{ADDRESS}/", name, options)
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
