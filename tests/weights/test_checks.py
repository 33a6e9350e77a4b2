"""The comparisons of `make test-weights` run on small checkpoints, and fail if the model differs."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from function.tagging.tagger import Tagger
from tests.support.hub import serve_hub
from tests.support.open_clip import library, small, tokenize
from tests.weights import checks
from tools.small_checkpoint import make_checkpoint


@pytest.fixture(scope="module")
def other_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small checkpoint with one projection changed."""
    folder = make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "other")
    weights = load_file(folder / "model.safetensors")
    for name in ("text_projection.weight", "visual_projection.weight"):
        weights[name] += 0.01 * torch.randn(weights[name].shape, generator=torch.Generator().manual_seed(0))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_texts_agree_with_transformers(small_tagger: Tagger, small_checkpoint: Path, other_checkpoint: Path) -> None:
    checks.check_texts_against_transformers(small_tagger, small_checkpoint)
    with pytest.raises(AssertionError):
        checks.check_texts_against_transformers(small_tagger, other_checkpoint)


def test_own_labels_agree_with_transformers(
    small_tagger: Tagger, small_checkpoint: Path, other_checkpoint: Path, cat_png: bytes
) -> None:
    """With a PNG, because a JPEG is decoded at a reduced scale for so small a model."""
    checks.check_own_labels_against_transformers(small_tagger, small_checkpoint, cat_png)
    with pytest.raises(AssertionError):
        checks.check_own_labels_against_transformers(small_tagger, other_checkpoint, cat_png)


def test_downloaded_open_clip_checkpoint_agrees_with_open_clip(
    small_checkpoint: Path, cat_png: bytes, tmp_path: Path
) -> None:
    """The repository has the same model in Transformers' format too, as real ones do: it must not be used."""

    def tokens(texts: list[str]) -> torch.Tensor:
        return tokenize(small_checkpoint, texts)

    with library() as open_clip:
        _, repository = small(open_clip, small_checkpoint, tmp_path / "repository")
        for name in ("config.json", "model.safetensors"):
            (repository / name).write_bytes((small_checkpoint / name).read_bytes())
        with serve_hub("somebody/clip", "0" * 40, repository) as hub:
            checkpoint = checks.download_open_clip("somebody/clip", tmp_path / "checkpoint", hub.url)
        assert "model.safetensors" not in hub.requested
        baked = checks.bake_checkpoint(checkpoint, tmp_path / "baked")
        checks.check_cosines_against_open_clip(open_clip, checkpoint, baked, cat_png, tokens)
        scores = checks.own_label_scores(checks.load(baked), cat_png, ("a diagram", "a dog", "a cat"))
        assert sum(scores.values()) == pytest.approx(1, abs=1e-6)
        _break(checkpoint)
        with pytest.raises(AssertionError):
            checks.check_cosines_against_open_clip(open_clip, checkpoint, baked, cat_png, tokens)


def _break(checkpoint: Path) -> None:
    """Change one weight of the checkpoint after the bake."""
    weights: dict[str, Any] = load_file(checkpoint / "open_clip_model.safetensors")
    weights["text_projection"] *= torch.linspace(0.5, 1.5, weights["text_projection"].shape[1])
    save_file(weights, checkpoint / "open_clip_model.safetensors")
