"""Render the sample pictures of the web page from the tests' drawings.

    python -m tools.page_pictures

Needs Chromium (Debian: chromium).
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tools.chromium import CHROMIUM_FLAGS

ROOT = Path(__file__).parent.parent
DRAWINGS, PAGE = ROOT / "tests/pictures/svg", ROOT / "function/api/page"
SAMPLES = {"cat": "cat-3", "dog": "dog-3", "fish": "fish-1"}
SIDE_PX = 320


def main() -> int:
    """Run the command line; return its exit code."""
    executable = shutil.which("chromium")
    if executable is None:
        print("no chromium on PATH (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": SIDE_PX, "height": SIDE_PX})
        for name, drawing in SAMPLES.items():
            svg = (DRAWINGS / f"{drawing}.svg").read_text(encoding="utf-8")
            sized = svg.replace("<svg ", f'<svg width="{SIDE_PX}" height="{SIDE_PX}" ', 1)
            page.set_content(f"<body style='margin: 0'>{sized}</body>")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.save(PAGE / f"{name}.webp", quality=88, method=6)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
