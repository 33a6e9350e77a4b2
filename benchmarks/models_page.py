"""Writes docs/models.md from the published figures in models.toml and the measures of shapes.py."""

import tomllib
from pathlib import Path
from typing import Any

from benchmarks.shapes import DEFAULT, SHAPES

_NOTES = Path(__file__).with_name("models_notes.md")
# All layers of the image but the model, in docs/benchmarks.md.
IMAGE_WITHOUT_MODEL_MB = 939
_READ: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("models.toml").read_text(encoding="utf-8"))
MODELS, SOURCES = _READ["models"], _READ["sources"]
_COLUMNS = (
    "`MODEL_ID`",
    "Pets",
    "ImageNet",
    "source",
    "licence",
    "pixels",
    "encode time",
    "memory, MB",
    "download, MB",
    "baked, MB",
    "image, MB",
)


def page(summary: dict[str, Any]) -> str:
    """Return the page. `summary` is build/shapes.json."""
    numbers = {key: number for number, key in enumerate(SOURCES, start=1)}
    lines = [
        "# Models",
        "",
        "Any CLIP checkpoint in the format of Transformers or open_clip can be served. These are worth choosing:",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'---|' * len(_COLUMNS)}",
        *(_row(name, model, summary["shapes"], numbers) for name, model in MODELS.items()),
        "",
        *(f"{number}. {SOURCES[key]}." for key, number in numbers.items()),
        "",
    ]
    return "\n".join(lines) + "\n" + _notes(summary)


def _row(name: str, model: dict[str, Any], shapes: dict[str, dict[str, float]], numbers: dict[str, int]) -> str:
    measured = shapes[model["shape"]]
    cells = [
        f"`{name}`{', ' + model['note'] if 'note' in model else ''}",
        f"{model['pets']:.1f}" if "pets" in model else "-",
        f"{model['imagenet']:.1f}",
        f"({numbers[model['source']]})",
        model["licence"],
        str(SHAPES[model["shape"]].vision.get("image_size", 224)),
        f"{measured['encode_ratio']:.2f}",
        *(f"{measured[key]:,.0f}" for key in ("rss_peak_mb", "download_mb", "baked_mb")),
        f"{IMAGE_WITHOUT_MODEL_MB + measured['baked_mb']:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _notes(summary: dict[str, Any]) -> str:
    default = summary["shapes"][DEFAULT]
    run, build = ("\n".join(f"make {target} MODEL_ID={name}" for name in MODELS) for target in ("run", "build"))
    return _NOTES.read_text(encoding="utf-8").format(
        **summary["machine"],
        rounds=3 * summary["rounds"],
        encode=default["encode_ms"],
        commands=f"{run}\n\n{build}",
    )
