"""Generate drawings of pets, of other things, and of scenes with both. A seed gives the same picture on every machine.

The pictures train models/demo and test it (with seeds that were never trained on).
`python -m models.demo.recipe.draw --sheet FILE` writes a contact sheet: a person should recognise every animal at once.
"""

import argparse
import io
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageStat

from models.demo.recipe.furred import draw_furred
from models.demo.recipe.pen import FUR_LENGTHS, INK, WHITE, Pen, Place, Style, random_style
from models.demo.recipe.scenery import background, foreground
from models.demo.recipe.things import CONTEXTS, FULL_PICTURES, THINGS
from models.demo.recipe.unfurred import UNFURRED

FURRED = ("cat", "dog", "hamster", "rabbit")
PETS = (*FURRED, *UNFURRED)
FURS = tuple(FUR_LENGTHS)
OTHERS = (*THINGS, *FULL_PICTURES)
SIDES_PX = 84, 128
MIN_CONTRAST = 120  # between subject and background, summed over the three channels
FIRST_UNSEEN_SEED = 1_000_000_000  # training uses seeds below this one, tests and reports use seeds above

ALONE = Place((0.34, 0.47), (0.44, 0.56), (0.44, 0.56))
IN_A_ROOM = Place((0.28, 0.4), (0.35, 0.65), (0.55, 0.65))
# The left one of two subjects; the right one is mirrored.
PET_BESIDE, CONTEXT_BESIDE = (
    Place((0.3, 0.38), (0.3, 0.38), (0.5, 0.64)),
    Place((0.25, 0.33), (0.26, 0.34), (0.38, 0.6)),
)
ON_FURNITURE, FURNITURE = Place((0.29, 0.37), (0.4, 0.6), (0.44, 0.58)), Place((0.4, 0.47), (0.46, 0.54), (0.55, 0.65))


@dataclass(frozen=True)
class Picture:
    """A drawing and its content. `words` has the finer kind and the colour; `context` is what stands beside the pet."""

    image: Image.Image
    label: str
    fur: str | None
    words: frozenset[str]
    context: str | None = None


def draw(seed: int, label: str | None = None, fur: str | None = None, context: str | None = None) -> Picture:
    """Draw the picture of `seed`. The seed chooses a label and a coat that are None. A context needs a pet."""
    rng = Random(seed)
    side = rng.randint(*SIDES_PX)
    label = label or rng.choice(PETS if rng.random() < 0.6 else OTHERS)
    if label in FULL_PICTURES:
        return Picture(finish(FULL_PICTURES[label](rng, side * 2), side, rng), label, None, frozenset())
    fur = (fur or rng.choice(FURS)) if label in FURRED else None
    style = random_style(rng, silhouettes=label not in FURRED and context is None)
    if context:
        image, words = _scene(rng, style, side * 2, (label, fur, context))
    else:
        place = CONTEXT_BESIDE if label in CONTEXTS and rng.random() < 0.4 else ALONE
        layer, words = _subject(rng, style, side * 2, (label, fur), _mirrored(place, rng))
        image = compose(layer, rng, style, water=label == "fish")
    return Picture(finish(image, side, rng), label, fur, words, context)


def draw_layer(rng: Random, label: str, size: int) -> Image.Image:
    """Return a pet on a transparent layer."""
    fur = rng.choice(FURS) if label in FURRED else None
    return _subject(rng, random_style(rng, silhouettes=False), size, (label, fur), ALONE)[0]


def _mirrored(place: Place, rng: Random) -> Place:
    """Return the place, or at random its mirror image."""
    return place if rng.random() < 0.5 else Place(place.zoom, (1 - place.across[1], 1 - place.across[0]), place.down)


def _subject(
    rng: Random, style: Style, size: int, content: tuple[str, str | None], place: Place
) -> tuple[Image.Image, frozenset[str]]:
    """Return a label and its coat as a transparent layer, and the finer kinds that it shows."""
    label, fur = content
    pen = Pen(rng, style, size, place, fur)
    if label in THINGS:
        return pen.layer, THINGS[label](pen)
    coat = draw_furred(pen, label) if label in FURRED else UNFURRED[label](pen)
    return pen.layer, frozenset({coat.name})


def _scene(
    rng: Random, style: Style, size: int, content: tuple[str, str | None, str]
) -> tuple[Image.Image, frozenset[str]]:
    """Return a picture of a pet in a room, on or before furniture, or beside a person or a thing."""
    label, fur, context = content
    if context in FULL_PICTURES:
        layer, words = _subject(rng, style, size, (label, fur), IN_A_ROOM)
        image = _apart(FULL_PICTURES[context](rng, size), layer)
        image.paste(layer, (0, 0), layer)
        return image, words
    furniture = context in ("sofa", "table")
    pet_place = ON_FURNITURE if furniture else _mirrored(PET_BESIDE, rng)
    thing_place = FURNITURE if furniture else CONTEXT_BESIDE
    if not furniture and pet_place.across == PET_BESIDE.across:
        thing_place = Place(thing_place.zoom, (1 - thing_place.across[1], 1 - thing_place.across[0]), thing_place.down)
    image = compose(_subject(rng, style, size, (context, None), thing_place)[0], rng, style)
    layer, words = _subject(rng, style, size, (label, fur), pet_place)
    image.paste(layer, (0, 0), layer)
    return image, words


def compose(layer: Image.Image, rng: Random, style: Style, water: bool = False) -> Image.Image:
    """Put a subject on a background, with shading, a shadow and objects that hide a corner."""
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
    if np.abs(behind - subject).sum() >= MIN_CONTRAST:
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


def contact_sheet(rows: list[str], seeds: range, cell: int = 112) -> Image.Image:
    """Return a sheet with one row of drawings per entry: `cat`, `cat/long-hair` or `cat with sofa`."""
    sheet = Image.new("RGB", (cell * len(seeds) + 100, cell * len(rows)), (255, 255, 255))
    for row, entry in enumerate(rows):
        ImageDraw.Draw(sheet).text((2, row * cell + 40), entry, fill=INK)
        subject, _, context = entry.partition(" with ")
        label, _, fur = subject.partition("/")
        for column, seed in enumerate(seeds):
            tile = draw(seed, label, fur or None, context or None).image.resize((cell - 2, cell - 2))
            sheet.paste(tile, (100 + column * cell, row * cell))
    return sheet


def write_folder(folder: Path, seeds: range, scenes: bool) -> None:
    """Write the drawings of `seeds` as FOLDER/LABEL/COAT-SEED.png, as tools/evaluate.py reads them.

    With `scenes`, every second picture is FOLDER/PET with CONTEXT/..., and the others show a context alone.
    """
    for seed in seeds:
        rng = Random(-seed)
        context = rng.choice(CONTEXTS)
        picture = (
            draw(seed) if not scenes else draw(seed, *((rng.choice(PETS), None, context) if seed % 2 else (context,)))
        )
        name = f"{picture.label} with {picture.context}" if picture.context else picture.label
        path = folder / name / f"{picture.fur or 'drawing'}-{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.image.save(path)


def main() -> None:
    """Write a contact sheet, or a folder of drawings."""
    parser = argparse.ArgumentParser(prog="python -m models.demo.recipe.draw", description=__doc__)
    parser.add_argument("--sheet", type=Path, help="contact sheet to write, a PNG")
    parser.add_argument(
        "--rows", nargs="*", default=[*PETS, *OTHERS], help="its rows: cat, cat/long-hair, 'cat with sofa'"
    )
    parser.add_argument("--folder", type=Path, help="write drawings as FOLDER/LABEL/COAT-SEED.png")
    parser.add_argument("--scenes", action="store_true", help="draw pets with a context, and contexts alone")
    parser.add_argument(
        "--seed", type=int, default=FIRST_UNSEEN_SEED, help="first seed (default: the first unseen one)"
    )
    parser.add_argument("--count", type=int, default=14)
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.count)
    if args.sheet:
        contact_sheet(args.rows, seeds).save(args.sheet)
    if args.folder:
        write_folder(args.folder, seeds, args.scenes)


if __name__ == "__main__":
    main()
