"""Create tests/pictures: drawings with seeds outside the training data, and the hand-made SVG drawings as PNG.

    python -m models.demo.recipe.sample_pictures

Seeds are taken in order, never chosen by what a model says of them.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import resvg_py
from PIL import Image

from models.demo.recipe.draw import FIRST_UNSEEN_SEED, FURRED, FURS, OTHERS, PETS, draw

PICTURES = Path(__file__).parents[3] / "tests" / "pictures"
SEEDS = range(FIRST_UNSEEN_SEED + 10_000, FIRST_UNSEEN_SEED + 10_003)
HAND_MADE_SIZE_PX = 160
MOST_BYTES = 15_000


def drawings() -> Iterator[tuple[Path, Image.Image]]:
    """Yield a path and a picture for each committed drawing: every coat of every furred pet, three of the others."""
    for label in PETS:
        for number, seed in enumerate(SEEDS, 1):
            for fur in FURS if label in FURRED else (None,):
                name = f"{fur}-{number}" if fur else f"drawing-{number}"
                yield PICTURES / label / f"{name}.png", draw(seed, label, fur).image
    for label in OTHERS:
        yield PICTURES / "background" / f"{label.replace(' ', '-')}.png", draw(SEEDS[0], label).image


def hand_made() -> Iterator[tuple[Path, Image.Image]]:
    """Yield a path and a picture for each hand-made drawing."""
    for svg in sorted((PICTURES / "svg").glob("*.svg")):
        label, _, number = svg.stem.rpartition("-")
        png = resvg_py.svg_to_bytes(svg_path=str(svg), width=HAND_MADE_SIZE_PX)
        yield PICTURES / label / f"hand-made-{number}.png", Image.open(io.BytesIO(bytes(png))).convert("RGB")


def small_png(image: Image.Image) -> bytes:
    """Return the picture as a PNG with as many colours as fit the limit."""
    for colours in (128, 64, 32, 16):
        file = io.BytesIO()
        image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            file, "PNG", optimize=True
        )
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def main() -> None:
    """Write every picture."""
    for path, image in (*drawings(), *hand_made()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small_png(image))


if __name__ == "__main__":
    main()
