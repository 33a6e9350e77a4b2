"""Openly licensed icons from npm, so that the model also learns other styles than the generator's.

Never committed: `fetch` packs the sets into a cache folder. Two sets are held out: no model here is trained on them.
Names are mapped to labels by the patterns below; what matches none is left alone.
"""

# ruff: noqa: E501 - patterns are tables

import argparse
import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import resvg_py
from PIL import Image, ImageOps

from models.demo.recipe.draw import SIDES_PX, compose, finish
from models.demo.recipe.pen import INK, WHITE, Style, hue
from models.demo.recipe.scenery import random_colour

# Set: exact version. Licences: Apache-2.0 (noto, noto-v1, fxemoji, icon-park, mdi), MIT (fluent, ph), CC-BY (the rest).
TRAIN_SETS = {
    "noto": "1.2.9", "noto-v1": "1.2.5", "fluent-emoji-flat": "1.2.6", "fluent-emoji-high-contrast": "1.2.6",
    "fxemoji": "1.2.2", "emojione": "1.2.3", "streamline-emojis": "1.2.4", "game-icons": "1.2.4", "icon-park": "1.2.4",
    "mdi": "1.2.3", "ph": "1.2.2", "fa6-solid": "1.2.4",
}  # fmt: skip
HELD_OUT_SETS = {"twemoji": "1.2.5", "openmoji": "1.2.29"}

_PATTERNS = {
    "cat": r"(.*-)?cat(-(face|fill|bold|thin|light|duotone)(-with-.*)?|-with-.*)?",
    "dog": r"(guide-|service-|sitting-|sniffing-|jumping-)?(dog|poodle)(-(face|side|service|zodiac|fill|bold|thin|light|duotone))?",
    "hamster": r"hamster(-face)?",
    "rabbit": r"(rabbit|bunny)(-(face|head|zodiac|variant|fill|bold|thin|light|duotone))?",
    "bird": r"(black-|kiwi-|plastic-|barn-)?(bird|duck|owl)(-(1|2|fill|bold|thin|light|duotone|twitter))?"
    r"|(front-facing-)?(baby|hatching)-chick(-1)?|eagle(-head)?|parrot(-head)?|penguin(-[12])?|swan|dove|flamingo|goose|peacock",
    "fish": r"(tropical-|angler-|double-)?fish(-(one|fins|fill|bold|thin|light|duotone|simple|simple-.*))?|blowfish",
    "turtle": r"(sea-)?turtle|tortoise",
    "snake": r"(sand-)?snake(-(tongue|spiral|zodiac))?|rattlesnake",
    "lizard": r"lizard|gecko|chameleon-glyph",
    "person": r"(man|woman|person)-(walking|running|standing|dancing|golfing|bowing|in-lotus-position|climbing)|walking|person-simple-walk(-.*)?",
    "human face": r"(grinning|smiling|winking|thinking|frowning|neutral|sleepy|pensive|worried|confused|relieved|astonished)-face"
    r"(-with-.*)?|face-with-.*|man|woman|boy|girl|old-man|old-woman|baby",
    "car": r"automobile|car(-(side|profile))?|(oncoming-)?(bus|taxi|automobile|police-car)|police-car|minibus|sport-utility-vehicle|racing-car",
    "house": r"house(-with-garden|-building)?|houses|home|office-building|school|hospital|hotel|bank|castle|hut|church|post-office",
    "tree": r"(deciduous|evergreen|palm|christmas|pine)-tree|tree(-evergreen|-palm)?(-(fill|bold))?",
    "flower": r"tulip|rose|hibiscus|sunflower|blossom|cherry-blossom|hyacinth|lotus|daisy|flower(-(tulip|lotus))?",
    "cup": r"hot-beverage|teacup-without-handle|cup-with-straw|coffee(-cup|-mug)?|beer-mug|mug|cup|glass-of-milk|tumbler-glass|teacup",
    "plate of food": r"pizza|hamburger|spaghetti|curry-rice|pot-of-food|cooking|green-salad|taco|burrito|sandwich|red-apple|banana|"
    r"cheese-wedge|bread|pancakes|waffle|doughnut|fork-and-knife-with-plate|shallow-pan-of-food|sushi|bento-box|cupcake",
    "farm animal": r"cow(-face)?|pig(-face)?|horse(-face|-head)?|ewe|ram|goat|ox|sheep|water-buffalo",
    "insect": r"butterfly|bug|ant|honeybee|beetle|lady-beetle|cricket|mosquito|bee|ladybug|cockroach|bug-beetle",
    "sofa": r"couch-and-lamp|couch|sofa",
    "plant": r"potted-plant",
    "landscape": r"national-park|sunrise|sunset|mountain|snow-capped-mountain|sunrise-over-mountains|desert|desert-island|beach-with-umbrella",
    "page of text": r"newspaper|page-facing-up|page-with-curl|scroll|memo|bookmark-tabs|rolled-up-newspaper|article|file-text",
}  # fmt: skip
_LABELS = {label: re.compile(pattern) for label, pattern in _PATTERNS.items()}
_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_NOT_A_CAT = re.compile(r"(hacker|shield|schrodingers|hollow).*")


@dataclass(frozen=True)
class Icon:
    """One icon: its label, where it is from, and its drawing (mono: one colour, ours to choose)."""

    label: str
    name: str
    svg: str

    @property
    def mono(self) -> bool:
        """Whether the icon has no colours of its own."""
        return "currentColor" in self.svg

    def render(self, size: int, colour: str = "#000") -> Image.Image:
        """Return the icon as an RGBA image of `size` pixels a side."""
        png = resvg_py.svg_to_bytes(svg_string=self.svg.replace("currentColor", colour), width=size, height=size)
        return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def label_of(name: str) -> str | None:
    """Return the label an icon's name stands for, or None."""
    if _NOT_A_CAT.fullmatch(name):
        return None
    return next((label for label, pattern in _LABELS.items() if pattern.fullmatch(name)), None)


def fetch(sets: dict[str, str], cache: Path) -> list[Icon]:
    """Return the labelled icons of `sets`, packing what `cache` lacks from npm."""
    return [icon for name, version in sets.items() for icon in _icons(name, _pack(name, version, cache))]


def _pack(name: str, version: str, cache: Path) -> Path:
    archive = cache / f"iconify-json-{name}-{version}.tgz"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is needed to fetch the icon sets (or train with --no-icons)")
        command = [npm, "pack", "--silent", f"@iconify-json/{name}@{version}"]
        subprocess.run(command, cwd=cache, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 fixed arguments
    return archive


def _icons(set_name: str, archive: Path) -> Iterator[Icon]:
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/icons.json")
        if member is None:
            raise SystemExit(f"{archive} holds no icons.json")
        icons = json.load(member)
    width, height = icons.get("width", 16), icons.get("height", 16)
    for name, icon in icons["icons"].items():
        label = label_of(name)
        if label:
            view = f"{icon.get('left', 0)} {icon.get('top', 0)} {icon.get('width', width)} {icon.get('height', height)}"
            svg = f'<svg {_NAMESPACES} viewBox="{view}">{icon["body"]}</svg>'
            yield Icon(label, f"{set_name}:{name}", svg)


def draw_icon(icon: Icon, rng: Random) -> Image.Image:
    """Return the icon as a training picture: placed, turned, mirrored, on a background, with blur, noise and JPEG."""
    side = rng.randint(*SIDES_PX)
    big = side * 2
    colour = INK if rng.random() < 0.6 else hue(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.1, 0.6))
    drawn = icon.render(round(big * rng.uniform(0.6, 0.98)), "#{:02x}{:02x}{:02x}".format(*colour))
    drawn = drawn.rotate(max(-25.0, min(25.0, rng.gauss(0, 8))), Image.Resampling.BICUBIC, expand=True)
    drawn = drawn.resize((round(drawn.width * rng.uniform(0.85, 1.1)), drawn.height))
    if rng.random() < 0.5:
        drawn = ImageOps.mirror(drawn)
    layer = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    room = [max(0, big - extent) + big // 12 for extent in drawn.size]
    left, top = ((big - extent) // 2 + rng.randint(-r // 2, r // 2) for extent, r in zip(drawn.size, room, strict=True))
    layer.paste(drawn, (left, top))
    paper = random_colour(rng) if icon.mono and rng.random() < 0.4 else WHITE
    style = Style("silhouette" if icon.mono else "flat", 0.0, INK, paper, False, False)
    return finish(compose(layer, rng, style), side, rng)


def on_white(icon: Icon, size: int = 128) -> Image.Image:
    """Return the icon as the evaluation shows it: on white, with a small margin."""
    drawn = icon.render(round(size * 0.9))
    page = Image.new("RGB", (size, size), WHITE)
    page.paste(drawn, ((size - drawn.width) // 2, (size - drawn.height) // 2), drawn)
    return page


def main() -> None:
    """Write a held-out set as a folder of pictures for tools/evaluate.py."""
    parser = argparse.ArgumentParser(
        prog="python -m models.demo.recipe.icons", description="Render an icon set never trained on."
    )
    parser.add_argument("set", choices=sorted(HELD_OUT_SETS))
    parser.add_argument("--folder", type=Path, required=True, help="where to write FOLDER/<label>/<name>.png")
    parser.add_argument("--cache", type=Path, default=Path("build/demo"), help="fetched packages")
    args = parser.parse_args()
    for icon in fetch({args.set: HELD_OUT_SETS[args.set]}, args.cache):
        path = args.folder / icon.label / f"{icon.name.partition(':')[2]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        on_white(icon).save(path)


if __name__ == "__main__":
    main()
