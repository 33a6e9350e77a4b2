"""docs/models.md has every checkpoint with its published figures, and the ratios of what was measured."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.models_page import MODELS, SOURCES, page
from benchmarks.shapes import DEFAULT, SHAPES

PAGE = Path(__file__).parents[2] / "docs/models.md"
MEASURES = ("encode_ms", "rss_peak_mb", "download_mb", "baked_mb")


@pytest.fixture
def summary() -> dict[str, Any]:
    """Every shape takes 100 of everything; ViT-L/14 takes 450."""
    factors = {name: 4.5 if name == "ViT-L/14" else 1.0 for name in SHAPES}
    shapes = {
        name: dict.fromkeys(MEASURES, 100 * factor) | {"encode_ratio": factor} for name, factor in factors.items()
    }
    return {"machine": {"cpu": "a CPU", "cpus": 2, "torch": "2"}, "rounds": 5, "shapes": shapes}


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of each checkpoint's row."""
    found = re.findall(r"^\| `([\w./-]+)`[^|]*\| (.*) \|$", text, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in found if "/" in name}


def test_rows_have_ratios_to_the_default_and_the_size_of_the_image(summary: dict[str, Any]) -> None:
    written = rows(page(summary))
    large = written["laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K"]
    assert large == ["95.1", "79.2", "(1)", "MIT", "224", "4.50", "450", "450", "450", "1,389"]
    assert written["openai/clip-vit-base-patch32"][5] == "1.00"
    assert written["wkcn/TinyCLIP-ViT-40M-32-Text-19M-LAION400M"][:3] == ["-", "59.8", "(2)"]


def test_every_checkpoint_has_a_measured_shape_and_a_source() -> None:
    assert {model["shape"] for model in MODELS.values()} == set(SHAPES)
    assert {model["source"] for model in MODELS.values()} == set(SOURCES)
    assert MODELS["openai/clip-vit-base-patch32"]["shape"] == DEFAULT


def test_committed_page_has_every_published_figure_and_both_commands() -> None:
    text = PAGE.read_text(encoding="utf-8")
    written = rows(text)
    assert list(written) == list(MODELS)
    for name, model in MODELS.items():
        assert written[name][:2] == [f"{model['pets']:.1f}" if "pets" in model else "-", f"{model['imagenet']:.1f}"]
        assert f"\nmake run MODEL_ID={name}\n" in text
        assert f"\nmake build MODEL_ID={name}\n" in text
