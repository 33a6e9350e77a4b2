"""A pool of tens of thousands of pictures, drawn once at training size, because drawing in each epoch is slow."""

# ruff: noqa: S311 - seeds draw pictures, they keep no secrets

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from tools.demo.captions import Facts
from tools.demo.checkpoint import IMAGE_SIZE_PX
from tools.demo.draw import FURRED, OTHERS, PETS, draw
from tools.demo.icons import Icon, draw_icon

POOL_SIZE_PX = IMAGE_SIZE_PX
ICON_SHARE = 0.25


@dataclass(frozen=True)
class PicturePool:
    """Pictures as bytes, shape (n, 72, 72, 3), and the content of each."""

    pixels: NDArray[np.uint8]
    facts: list[Facts]

    def kinds(self) -> dict[str, set[str]]:
        """Return the colours and finer kinds drawn for each label, coats left out; rare ones too."""
        found: dict[str, set[str]] = {}
        for facts in self.facts:
            found.setdefault(facts.label, set()).update(d for d in facts.details if not d.endswith("-hair"))
        return found


def one(seed: int, icons: dict[str, list[Icon]]) -> tuple[bytes, str, list[str], bool]:
    """Return the pool's picture of `seed`: mostly drawn, now and then an icon of the same label."""
    rng = Random(seed)
    weights = [0.09 if pet in FURRED else 0.06 for pet in PETS] + [0.34 / len(OTHERS)] * len(OTHERS)
    label = rng.choices([*PETS, *OTHERS], weights)[0]
    from_icons = label in icons and rng.random() < ICON_SHARE
    picture = draw_icon(rng.choice(icons[label]), rng) if from_icons else draw(seed, label)
    small = picture.image.resize((POOL_SIZE_PX, POOL_SIZE_PX), Image.Resampling.BICUBIC)
    details = sorted(picture.words | ({picture.fur} if picture.fur else set()))
    return small.tobytes(), picture.label, details, not from_icons


def build(path: Path, seeds: Sequence[int], icons: list[Icon], workers: int = 2) -> PicturePool:
    """Draw the pictures of `seeds` into `path` (and read them back from it the next time)."""
    facts_file = path.with_suffix(".json")
    if not (path.exists() and facts_file.exists()):
        by_label: dict[str, list[Icon]] = {}
        for icon in icons:
            by_label.setdefault(icon.label, []).append(icon)
        pixels = np.empty((len(seeds), POOL_SIZE_PX, POOL_SIZE_PX, 3), np.uint8)
        facts: list[tuple[str, list[str], bool]] = []
        with Pool(workers) as processes:
            drawn = processes.imap(partial(one, icons=by_label), seeds, chunksize=64)
            for i, (raw, label, details, complete) in enumerate(tqdm(drawn, total=len(seeds), desc="drawing")):
                pixels[i] = np.frombuffer(raw, np.uint8).reshape(pixels[i].shape)
                facts.append((label, details, complete))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, pixels)
        facts_file.write_text(json.dumps(facts), encoding="utf-8")
    stored = json.loads(facts_file.read_text(encoding="utf-8"))
    pool = PicturePool(
        np.load(path), [Facts(label, frozenset(details), complete) for label, details, complete in stored]
    )
    print(f"{len(pool.facts)} pictures:", dict(Counter(facts.label for facts in pool.facts)))
    return pool
