"""Photographs as negatives: the model must learn that a photograph is nothing that it tags.

Real photographs come from Debian packages with an open licence. None is committed. Two kinds of synthetic pictures have
the statistics of photographs: dead leaves (overlapping shapes filled with 1/f noise; Lee, Mumford and Huang 2001), and
the outlines of drawn pets filled with a photograph.
"""

import argparse
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Self

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from models.demo.recipe.draw import PETS, SIDES_PX, draw_layer

# Debian package: patterns of its files. Licences: GCompris (CC or GPL, by picture), Scratch (CC BY-SA 3.0),
# Lomiri (CC BY, CC BY-SA and CC0), MATE and Tux Paint (GPL-2), scikit-image (BSD-3).
Sources = dict[str, tuple[str, ...]]
TRAIN: Sources = {
    "gcompris-qt-data": ("rcc/categorization.rcc", "rcc/explore_monuments.rcc", "rcc/explore_world_*.rcc"),
    "scratch": ("Media/Backgrounds/*/*.jpg",),
    "lomiri-wallpapers-16.04": ("backgrounds/*.jpg",),
    "mate-backgrounds": ("backgrounds/mate/nature/*.jpg",),
    "tuxpaint-stamps-default": tuple(
        f"stamps/{kind}/*.png"
        for kind in (
            "animals/mammals",
            "animals/birds",
            "animals/insects",
            "food/fruit",
            "plants/flowers",
            "hobbies/music",
        )
    ),
}
HELD_OUT: Sources = {
    "gcompris-qt-data": ("rcc/erase.rcc", "rcc/explore_farm_animals.rcc"),
    "python3-skimage": ("skimage/data/*.png", "skimage/data/*.jpg"),
}
_NO_PHOTOGRAPHS = re.compile(  # drawings, grey or scientific pictures, and small files among them
    r"bedroom|chalkboard|party-room|room\d|spotlight-stage|stars|underwater|woods|graffiti|night-city|school1|train-tracks3"
    r"|basketball-court2|xy-grid|cartoon|checker|logo|page|text|phantom|clock|horse|microaneurysms|cell|ihc|moon|color|brick|grass|gravel"
)
MIN_BYTES = 8_000
STORED_PX = 256  # short side of a photograph in memory
CROP_SHARE, OUTLINE_SHARE = 0.75, 0.12  # of the pictures; the rest are dead leaves
_WEBP = re.compile(rb"RIFF(....)WEBP", re.DOTALL)


def fetch(sources: Sources, cache: Path) -> "Photographs":
    """Return the photographs of `sources`, downloading the packages that `cache` lacks."""
    files = []
    for package, patterns in sources.items():
        folder = _unpacked(package, cache)
        files += [path for pattern in patterns for path in sorted(folder.glob(f"usr/**/{pattern}"))]
    return Photographs.read(
        [path for path in files if not _NO_PHOTOGRAPHS.search(path.name) and "cartoon" not in path.parts]
    )


def _unpacked(package: str, cache: Path) -> Path:
    """Return the folder with the files of a Debian package."""
    folder = cache / package
    if not folder.exists():
        if shutil.which("apt-get") is None:
            raise SystemExit("the photographs come from Debian packages: run this on Debian or Ubuntu")
        partial = cache / f"{package}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        download = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package]
        subprocess.run(download, cwd=partial, check=True)  # noqa: S603 fixed arguments
        (archive,) = partial.glob("*.deb")
        subprocess.run(["dpkg", "-x", archive, partial], check=True)  # noqa: S603, S607
        archive.unlink()
        partial.rename(folder)
    return folder


def _images(path: Path) -> Iterator[Image.Image]:
    """Yield the images of a file: itself, or every WebP image of a Qt resource file."""
    content = path.read_bytes()
    if path.suffix != ".rcc":
        yield Image.open(BytesIO(content))
        return
    for match in _WEBP.finditer(content):
        size = int.from_bytes(match[1], "little") + 8
        if size >= MIN_BYTES:
            yield Image.open(BytesIO(content[match.start() : match.start() + size]))


@dataclass(frozen=True)
class Photographs:
    """Photographs in memory, and the training pictures that are made of them."""

    images: list[Image.Image]
    cut_outs: list[Image.Image]

    @classmethod
    def read(cls, paths: list[Path]) -> Self:
        """Read the photographs and cut-outs of at least `MIN_BYTES`, reduced to a short side of `STORED_PX`."""
        images = []
        for path in paths:
            if path.stat().st_size < MIN_BYTES:
                continue
            for file in _images(path):
                file.draft("RGB", (2 * STORED_PX, 2 * STORED_PX))
                image = ImageOps.exif_transpose(file).convert("RGBA" if "A" in file.getbands() else "RGB")
                scale = STORED_PX / min(image.size)
                if scale < 1:
                    image = image.resize(
                        (round(image.width * scale), round(image.height * scale)), Image.Resampling.BOX
                    )
                images.append(image)
        return cls(
            [image for image in images if image.mode == "RGB"], [image for image in images if image.mode == "RGBA"]
        )

    def picture(self, rng: Random) -> Image.Image:
        """Return a training picture: a part of a photograph, an outline filled with one, or dead leaves."""
        side, kind = rng.randint(*SIDES_PX), rng.random()
        if self.images and kind < CROP_SHARE:
            part = self._part(rng, side)
            if self.cut_outs and rng.random() < 0.35:
                self._paste_cut_out(rng, part)
            return ImageOps.grayscale(part).convert("RGB") if rng.random() < 0.05 else part
        if self.images and kind < CROP_SHARE + OUTLINE_SHARE:
            return self._outline(rng, side)
        return dead_leaves(rng, side)

    def _part(self, rng: Random, side: int) -> Image.Image:
        """Return a square part of a photograph, often most of it."""
        image = rng.choice(self.images)
        extent = round(min(image.size) * max(rng.uniform(0.3, 1), rng.uniform(0.3, 1)))
        x, y = rng.randint(0, image.width - extent), rng.randint(0, image.height - extent)
        return image.crop((x, y, x + extent, y + extent)).resize((side, side), Image.Resampling.BICUBIC)

    def _paste_cut_out(self, rng: Random, picture: Image.Image) -> None:
        """Paste a photographed animal or thing on the photograph."""
        cut_out = rng.choice(self.cut_outs)
        scale = picture.width * rng.uniform(0.5, 1) / max(cut_out.size)
        cut_out = cut_out.resize((max(1, round(cut_out.width * scale)), max(1, round(cut_out.height * scale))))
        if rng.random() < 0.5:
            cut_out = ImageOps.mirror(cut_out)
        corner = (rng.randint(0, picture.width - cut_out.width), rng.randint(0, picture.height - cut_out.height))
        picture.paste(cut_out, corner, cut_out)

    def _outline(self, rng: Random, side: int) -> Image.Image:
        """Return the outline of a drawn pet, filled with one photograph, on another."""
        layer = draw_layer(rng, rng.choice(PETS), side)
        filled = Image.blend(self._part(rng, side), layer.convert("RGB"), rng.uniform(0.05, 0.25))
        picture = self._part(rng, side)
        picture.paste(filled, (0, 0), layer.getchannel("A").filter(ImageFilter.GaussianBlur(rng.uniform(0, 1))))
        return picture


def dead_leaves(rng: Random, side: int) -> Image.Image:
    """Return overlapping ellipses and rectangles, each filled with coloured 1/f noise."""
    picture = _noise(rng, side)
    for _ in range(rng.choice([0, 2, 5, 15])):
        mask = Image.new("L", (side, side))
        draw, r = ImageDraw.Draw(mask), side * 0.08 / max(0.12, rng.random())
        x, y, flat = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0.4, 1)
        shape = draw.ellipse if rng.random() < 0.6 else draw.rectangle
        shape((x - r, y - r * flat, x + r, y + r * flat), fill=255)
        mask = mask.rotate(rng.uniform(0, 180)).filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.2)))
        picture.paste(_noise(rng, side), (0, 0), mask)
    return picture


def _noise(rng: Random, side: int) -> Image.Image:
    """Return noise whose amplitude falls with the frequency as in photographs, around a muted colour."""
    noise = np.random.default_rng(rng.getrandbits(32))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]) + 1 / side
    spectrum = frequency ** -rng.uniform(0.9, 1.9)
    planes = [np.fft.irfft2(np.fft.rfft2(noise.normal(size=(side, side))) * spectrum, (side, side)) for _ in range(4)]
    light, *tints = (plane / plane.std() for plane in planes)
    base, contrast = np.array([rng.gauss(110, 45)] * 3) + noise.normal(0, 22, 3), rng.uniform(10, 50)
    colours = [
        level + contrast * light + contrast * rng.uniform(0.1, 0.4) * tint
        for level, tint in zip(base, tints, strict=True)
    ]
    return Image.fromarray(np.clip(np.stack(colours, axis=-1), 0, 255).astype(np.uint8))


def main() -> None:
    """Write the held-out photographs as FOLDER/photograph/*.jpg, as tools/evaluate.py reads them."""
    parser = argparse.ArgumentParser(prog="python -m models.demo.recipe.photographs", description=main.__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/demo"), help="fetched packages")
    args = parser.parse_args()
    folder = args.folder / "photograph"
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(fetch(HELD_OUT, args.cache).images):
        image.save(folder / f"{number}.jpg", quality=92)


if __name__ == "__main__":
    main()
