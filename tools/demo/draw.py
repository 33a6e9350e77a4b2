"""Generate drawings of pets and other things. A seed gives the same picture on every machine.

The pictures train models/demo and test it (from seeds never trained on). `python -m tools.demo.draw --sheet FILE` makes
a contact sheet: a person who looks at it should name every animal at once.
"""

# ruff: noqa: S311 - seeds draw pictures, they keep no secrets

import argparse
import io
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageStat

from tools.demo.furred import draw_furred
from tools.demo.pen import FUR_LENGTHS, INK, WHITE, Pen, Style, random_style
from tools.demo.scenery import background, foreground
from tools.demo.things import FULL_PICTURES, THINGS
from tools.demo.unfurred import UNFURRED

FURRED = ("cat", "dog", "hamster", "rabbit")
PETS = (*FURRED, *UNFURRED)
FURS = tuple(FUR_LENGTHS)
OTHERS = (*THINGS, *FULL_PICTURES)
SIDES_PX = 84, 128
LEAST_CONTRAST = 120  # between subject and background, summed over the three channels
FIRST_UNSEEN_SEED = 1_000_000_000  # training takes its seeds below this one, tests and reports above


@dataclass(frozen=True)
class Picture:
    """A drawing and its content: `words` holds its label, its finer kind and its colour."""

    image: Image.Image
    label: str
    fur: str | None
    words: frozenset[str]


def draw(seed: int, label: str | None = None, fur: str | None = None) -> Picture:
    """Draw the picture of `seed`; `label` (a pet or an other thing) and `fur` are the seed's choice where not given."""
    rng = Random(seed)
    side = rng.randint(*SIDES_PX)
    label = label or rng.choice(PETS if rng.random() < 0.6 else OTHERS)
    if label in FULL_PICTURES:
        image, words = FULL_PICTURES[label](rng, side * 2)
        return Picture(finish(image, side, rng), label, None, words | {label})
    fur = (fur or rng.choice(FURS)) if label in FURRED else None
    style = random_style(rng, silhouettes=label not in FURRED)
    pen = Pen(rng, style, side * 2, fur)
    if label in FURRED:
        words = frozenset({draw_furred(pen, label).name})
    elif label in UNFURRED:
        words = frozenset({UNFURRED[label](pen).name})
    else:
        words = THINGS[label](pen)
    image = compose(pen.layer, rng, style, water=label == "fish")
    return Picture(finish(image, side, rng), label, fur, words | {label})


def compose(layer: Image.Image, rng: Random, style: Style, water: bool = False) -> Image.Image:
    """Put a subject on a background, with shading, shadow and objects that hide a corner."""
    plain = style.kind != "flat" or rng.random() < 0.35
    image = _apart(background(rng, layer.width, style.paper if plain else None, water), layer)
    if style.kind == "flat" and rng.random() < 0.35:
        layer = _shade(layer, rng)
    if style.kind == "flat" and rng.random() < 0.25:
        shadow = Image.new("RGBA", layer.size, (0, 0, 0, 0))
        shadow.putalpha(layer.getchannel("A").point(lambda a: a * 0.35).filter(ImageFilter.BoxBlur(4)))
        image.paste(shadow, (rng.randint(2, 9), rng.randint(3, 10)), shadow)
    image.paste(layer, (0, 0), layer)
    if rng.random() < 0.08:
        foreground(rng, image)
    return image


def _apart(image: Image.Image, layer: Image.Image) -> Image.Image:
    """Return the background, with its colour changed if the contrast with the subject is too low."""
    behind = np.array(ImageStat.Stat(image, layer.getchannel("A")).mean)
    subject = np.array(ImageStat.Stat(layer.convert("RGB"), layer.getchannel("A")).mean)
    if np.abs(behind - subject).sum() >= LEAST_CONTRAST:
        return image
    shade = Image.new("RGB", image.size, INK if subject.sum() > 300 else WHITE)
    return Image.blend(image, shade, 0.5)


def _shade(layer: Image.Image, rng: Random) -> Image.Image:
    """Return the layer lit from above: lighter at the top, darker at the bottom."""
    ramp = Image.linear_gradient("L").resize(layer.size).rotate(rng.uniform(-40, 40))
    strength = rng.uniform(0.3, 0.7)
    light = ImageChops.invert(ramp).point(lambda v: 255 - (255 - v) * strength)
    shaded = ImageChops.multiply(layer.convert("RGB"), Image.merge("RGB", [light] * 3))
    shaded.putalpha(layer.getchannel("A"))
    return shaded


def finish(image: Image.Image, side: int, rng: Random) -> Image.Image:
    """Return the picture at `side` pixels, degraded with blur, noise, light and JPEG compression."""
    if rng.random() < 0.04:
        image = image.resize((cells := rng.randint(44, 60), cells), Image.Resampling.BOX).resize(
            (side, side), Image.Resampling.NEAREST
        )
    image = image.resize((side, side), Image.Resampling.BOX)
    if rng.random() < 0.1:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.0)))
    if rng.random() < 0.3:
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.2))
        image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.75, 1.2))
    if rng.random() < 0.1:
        noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(3, 10), (side, side, 1))
        image = Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.25:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=rng.randint(45, 90))
        image = Image.open(packed).convert("RGB")
    return image


def contact_sheet(labels: list[str], seeds: range, cell: int = 112) -> Image.Image:
    """Return a sheet with one row of drawings per label."""
    sheet = Image.new("RGB", (cell * len(seeds) + 70, cell * len(labels)), (255, 255, 255))
    for row, label in enumerate(labels):
        ImageDraw.Draw(sheet).text((2, row * cell + 40), label, fill=INK)
        name, _, fur = label.partition("/")
        for column, seed in enumerate(seeds):
            tile = draw(seed, name, fur or None).image.resize((cell - 2, cell - 2), Image.Resampling.BICUBIC)
            sheet.paste(tile, (70 + column * cell, row * cell))
    return sheet


def write_folder(folder: Path, seeds: range) -> None:
    """Write the drawings of `seeds` as FOLDER/<label>/<coat>-<seed>.png, as tools/evaluate.py reads them."""
    for seed in seeds:
        picture = draw(seed)
        path = folder / picture.label / f"{picture.fur or 'drawing'}-{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.image.save(path)


def main() -> None:
    """Write a contact sheet, or a folder of drawings."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo.draw", description=__doc__)
    parser.add_argument("--sheet", type=Path, help="contact sheet to write, a PNG")
    parser.add_argument("--labels", nargs="*", default=[*PETS, *OTHERS], help="its rows; cat/long-hair for one coat")
    parser.add_argument("--folder", type=Path, help="write drawings as FOLDER/<label>/<coat>-<seed>.png")
    parser.add_argument(
        "--seed", type=int, default=FIRST_UNSEEN_SEED, help="first seed (default: the first never trained on)"
    )
    parser.add_argument("--count", type=int, default=14)
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.count)
    if args.sheet:
        contact_sheet(args.labels, seeds).save(args.sheet)
    if args.folder:
        write_folder(args.folder, seeds)


if __name__ == "__main__":
    main()
