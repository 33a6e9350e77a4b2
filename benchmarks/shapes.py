"""Measure every shape of checkpoint in docs/models.md, and write the page.

    python -m benchmarks.shapes                     measure, write build/shapes.json and docs/models.md
    python -m benchmarks.shapes --from FILE.json    write docs/models.md from an earlier run

Checkpoints have random weights, because speed and memory depend on the shape only. All shapes take turns, with AVX2
alone, which is all that Lambda promises on x86.
"""

import argparse
import json
import multiprocessing
import shutil
import statistics
from pathlib import Path
from typing import Any

from benchmarks.fixtures import AVX2_ALONE, ROOT, Files, Shape

DEFAULT = "ViT-B/32, half precision"
_PICTURE = "0.2mp_jpeg"
_LARGE = {
    "vision": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16},
    "text": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12},
}


SHAPES = {
    DEFAULT: Shape(half=True),
    "ViT-B/32": Shape(),
    "ViT-B/32, 256 pixels": Shape(vision={"image_size": 256}),
    "ViT-B/16, half precision": Shape(half=True, vision={"patch_size": 16}),
    "ViT-B/16": Shape(vision={"patch_size": 16}),
    "ViT-L/14, half precision": Shape(
        half=True, vision={**_LARGE["vision"], "patch_size": 14}, text=_LARGE["text"], projection_dim=768
    ),
    "ViT-L/14": Shape(vision={**_LARGE["vision"], "patch_size": 14}, text=_LARGE["text"], projection_dim=768),
    # TinyCLIP/src/open_clip/model_configs/TinyCLIP-ViT-40M-32-Text-19M.json in github.com/microsoft/Cream
    "TinyCLIP ViT-40M/32": Shape(
        vision={"hidden_size": 512, "intermediate_size": 2048, "num_attention_heads": 8},
        text={"num_hidden_layers": 6},
    ),
}


def baked_folder(files: Files, shape: Shape) -> Path:
    """Return the folder of a shape, baked."""
    fields = {"hidden_size": 768, "patch_size": 32, "image_size": 224, **shape.vision}
    numbers = "-".join(str(fields[name]) for name in ("hidden_size", "patch_size", "image_size"))
    return files.folder / "shapes" / f"{numbers}{'-half' if shape.half else ''}"


def prepare(files: Files) -> dict[str, dict[str, float]]:
    """Bake the shapes that are missing; return the megabytes of each checkpoint and of each baked folder."""
    from benchmarks.fixtures import bake_random, is_baked  # noqa: PLC0415
    from function.model.baked_folder import Manifest  # noqa: PLC0415

    sizes = {}
    for name, shape in SHAPES.items():
        baked, checkpoint = baked_folder(files, shape), files.folder / "checkpoint-shape"
        if not is_baked(baked):
            bake_random(checkpoint, baked, shape)
            weights = (checkpoint / "model.safetensors").stat().st_size
            (baked.parent / f"{baked.name}.bytes").write_text(str(weights))
            shutil.rmtree(checkpoint)
        weights = int((baked.parent / f"{baked.name}.bytes").read_text())
        baked_bytes = sum(entry["bytes"] for entry in Manifest.read(baked).files.values())
        sizes[name] = {"download_mb": weights / 1e6, "baked_mb": baked_bytes / 1e6}
    return sizes


def measure_all(files: Files, rounds: int) -> dict[str, dict[str, float]]:
    """Return the measures of every shape: sizes, and medians of encoding, answering and memory."""
    from benchmarks import fixtures, measure  # noqa: PLC0415

    measure.stop_on_termination()
    with multiprocessing.get_context("spawn").Pool(1) as process:  # frees the memory of torch and Transformers
        process.apply(fixtures.prepare, (files, False))
        measured = process.apply(prepare, (files,))
    samples = measure.warm(list(SHAPES), rounds, 0, (_PICTURE,), AVX2_ALONE)
    for (name, key), values in samples.items():
        measured[name][key] = statistics.median(values)
    for name in SHAPES:  # within a round, because other load on the machine changes from round to round
        pairs = zip(samples[name, "encode_ms"], samples[DEFAULT, "encode_ms"], strict=True)
        measured[name]["encode_ratio"] = statistics.median(shape / default for shape, default in pairs)
    return measured


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shapes", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="rounds of each measure (default: %(default)s)")
    parser.add_argument("--from", dest="earlier", type=Path, help="the JSON file of an earlier run")
    given = parser.parse_args()
    if given.earlier:
        summary: dict[str, Any] = json.loads(given.earlier.read_text(encoding="utf-8"))
    else:
        shapes = measure_all(Files(), given.rounds)
        from benchmarks.report import machine, write_json  # noqa: PLC0415 - imports torch

        summary = {"machine": machine(), "rounds": given.rounds, "shapes": shapes}
        write_json(summary, ROOT / "build/shapes.json")
    from benchmarks.models_page import page  # noqa: PLC0415

    (ROOT / "docs/models.md").write_text(page(summary), encoding="utf-8")


if __name__ == "__main__":
    main()
