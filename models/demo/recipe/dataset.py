"""The training pictures: drawings, scenes, icons and photographs, made once and kept in a cache file."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from models.demo.recipe.captions import PHOTOGRAPH, PHOTOGRAPH_LABEL, Facts
from models.demo.recipe.checkpoint import IMAGE_SIZE_PX
from models.demo.recipe.draw import FURRED, OTHERS, PETS, draw
from models.demo.recipe.icons import Icon, draw_icon
from models.demo.recipe.photographs import Photographs
from models.demo.recipe.things import CONTEXTS

PHOTOGRAPH_SHARE, SCENE_SHARE, OTHER_SHARE = 0.14, 0.32, 0.17  # the rest are pets alone
ICON_SHARE = 0.25  # of the pictures whose label has icons
_PET_WEIGHTS = [3 if pet in FURRED else 2 for pet in PETS]  # furred pets have coats to learn as well


@dataclass(frozen=True)
class Dataset:
    """Pictures as bytes, shape (n, 72, 72, 3), and what is known of each."""

    pixels: NDArray[np.uint8]
    facts: list[Facts]

    def details(self) -> dict[str, set[str]]:
        """Return the colours and finer kinds of each label, without coats."""
        details: dict[str, set[str]] = defaultdict(set)
        for facts in self.facts:
            details[facts.label] |= {detail for detail in facts.details if not detail.endswith("-hair")}
        return dict(details)

    def batch(self, rows: Tensor) -> Tensor:
        """Return the pictures of `rows` in [0, 1], shape (n, 3, 72, 72)."""
        return torch.from_numpy(self.pixels[rows.numpy()]).permute(0, 3, 1, 2).float() / 255


class _Painter:
    """Makes the picture of a seed. A worker process keeps the icons and photographs in `icons` and `photographs`."""

    icons: dict[str, list[Icon]]
    photographs: Photographs

    @classmethod
    def prepare(cls, icons: list[Icon], photographs: Photographs) -> None:
        cls.icons, cls.photographs = defaultdict(list), photographs
        for icon in icons:
            cls.icons[icon.label].append(icon)

    @classmethod
    def paint(cls, seed: int) -> tuple[bytes, tuple[str, list[str], str | None, bool]]:
        rng, share = Random(seed), Random(-1 - seed).random()
        if share < PHOTOGRAPH_SHARE:
            return _small(cls.photographs.picture(rng)), (PHOTOGRAPH_LABEL, [PHOTOGRAPH], None, True)
        scene = share < PHOTOGRAPH_SHARE + SCENE_SHARE
        other = not scene and share < PHOTOGRAPH_SHARE + SCENE_SHARE + OTHER_SHARE
        label = rng.choice(OTHERS) if other else rng.choices(PETS, _PET_WEIGHTS)[0]
        if not scene and cls.icons.get(label) and rng.random() < ICON_SHARE:
            return _small(draw_icon(rng.choice(cls.icons[label]), rng)), (label, [], None, False)
        picture = draw(seed, label, context=rng.choice(CONTEXTS) if scene else None)
        details = sorted(picture.words | ({picture.fur} if picture.fur else set()))
        return _small(picture.image), (label, details, picture.context, True)


def _small(image: Image.Image) -> bytes:
    return image.resize((IMAGE_SIZE_PX, IMAGE_SIZE_PX), Image.Resampling.BICUBIC).tobytes()


def build(path: Path, seeds: Sequence[int], icons: list[Icon], photographs: Photographs, workers: int) -> Dataset:
    """Make the pictures of `seeds` and write them to `path`; if the file is there, read it."""
    facts_file = path.with_suffix(".json")
    if not (path.exists() and facts_file.exists()):
        pixels = np.empty((len(seeds), IMAGE_SIZE_PX, IMAGE_SIZE_PX, 3), np.uint8)
        stored = []
        with Pool(workers, _Painter.prepare, (icons, photographs)) as processes:
            painted = processes.imap(_Painter.paint, seeds, chunksize=64)
            for i, (raw, known) in enumerate(tqdm(painted, total=len(seeds), desc="drawing", mininterval=1)):
                pixels[i] = np.frombuffer(raw, np.uint8).reshape(pixels[i].shape)
                stored.append(known)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, pixels)
        facts_file.write_text(json.dumps(stored), encoding="utf-8")
    entries = json.loads(facts_file.read_text(encoding="utf-8"))
    facts = [Facts(label, frozenset(details), context, complete) for label, details, context, complete in entries]
    print(f"{len(facts)} pictures:", dict(Counter(known.label for known in facts)))
    return Dataset(np.load(path), facts)
