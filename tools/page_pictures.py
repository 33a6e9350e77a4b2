"""Render the sample pictures of the web page from the tests' drawings.

    python -m tools.page_pictures

Needs Chromium (Debian: chromium).
"""

import io
from pathlib import Path

from PIL import Image

from tools.chromium import launched

ROOT = Path(__file__).parent.parent
DRAWINGS, PAGE = ROOT / "tests/pictures/svg", ROOT / "function/api/page"
SAMPLES = {"cat": "cat-3", "dog": "dog-3", "fish": "fish-1"}
SIDE_PX = 320


def main() -> None:
    """Render all pictures."""
    with launched() as browser:
        page = browser.new_page(viewport={"width": SIDE_PX, "height": SIDE_PX})
        for name, drawing in SAMPLES.items():
            svg = (DRAWINGS / f"{drawing}.svg").read_text(encoding="utf-8")
            sized = svg.replace("<svg ", f'<svg width="{SIDE_PX}" height="{SIDE_PX}" ', 1)
            page.set_content(f"<body style='margin: 0'>{sized}</body>")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.save(PAGE / f"{name}.webp", quality=88, method=6)


if __name__ == "__main__":
    main()
