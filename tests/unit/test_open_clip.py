"""open_clip's checkpoints give open_clip's embeddings, and a model that is not this CLIP is refused with the reason.

tests/weights/test_checks.py bakes such a checkpoint and compares its cosines with open_clip's.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel

from function import bake
from function.errors import CheckpointError
from function.model.open_clip import read_open_clip
from tests.support.open_clip import MODEL, library, small, write


@pytest.fixture(scope="module")
def open_clip() -> Iterator[Any]:
    with library() as imported:
        yield imported


@pytest.mark.parametrize(("quick_gelu", "is_pickled"), [(False, False), (True, False), (True, True)])
def test_embeddings_equal_those_of_open_clip(
    open_clip: Any, tmp_path: Path, quick_gelu: bool, is_pickled: bool
) -> None:
    torch.manual_seed(0)
    model = {**MODEL, "quick_gelu": quick_gelu}
    reference = open_clip.CLIP(**model).eval()
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)  # biases and norms start as 0 and 1
    folder = write(tmp_path / "checkpoint", reference.state_dict(), model)
    if is_pickled:  # as open_clip saves a model that is being trained
        weights = {f"module.{name}": weight for name, weight in reference.state_dict().items()}
        torch.save({"epoch": 1, "state_dict": weights}, folder / "open_clip_pytorch_model.bin")
        (folder / "open_clip_model.safetensors").unlink()
    checkpoint = read_open_clip(folder)
    preprocess = {"size": {"shortest_edge": 32}, "crop_size": 32, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    assert checkpoint.preprocessor == {**preprocess, "resample": Image.Resampling.BICUBIC}
    ours = CLIPModel(CLIPConfig(**checkpoint.config)).eval()
    missing = ours.load_state_dict(checkpoint.weights, strict=False).missing_keys
    assert not [name for name in missing if not name.endswith("position_ids")]
    pixels, tokens = torch.randn(3, 3, 32, 32), torch.randint(1, 98, (3, 16))
    tokens[0, 5], tokens[1, 15], tokens[2, 1] = 99, 99, 99
    with torch.inference_mode():
        image = ours.get_image_features(pixel_values=pixels).pooler_output
        text = ours.get_text_features(input_ids=tokens).pooler_output
        torch.testing.assert_close(image, reference.encode_image(pixels), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(text, reference.encode_text(tokens), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours.logit_scale, reference.logit_scale)


@pytest.mark.parametrize(
    ("section", "setting", "value"),
    [
        ("vision_cfg", "timm_model_name", "vit_base_patch16_siglip_224"),
        ("vision_cfg", "layers", [3, 4, 6, 3]),
        ("vision_cfg", "pool_type", "avg"),
        ("vision_cfg", "attentional_pool", True),
        ("text_cfg", "hf_model_name", "roberta-base"),
        ("text_cfg", "hf_tokenizer_name", "timm/ViT-B-16-SigLIP"),
        ("text_cfg", "no_causal_mask", True),
        ("model_cfg", "init_logit_bias", -10),
        ("model_cfg", "custom_text", True),
        ("preprocess_cfg", "resize_mode", "squash"),
        ("preprocess_cfg", "interpolation", "random"),
    ],
)
def test_a_setting_that_changes_the_computation_is_refused(
    tmp_path: Path, section: str, setting: str, value: object
) -> None:
    model = json.loads(json.dumps(MODEL))
    preprocess = {setting: value} if section == "preprocess_cfg" else {}
    if section != "preprocess_cfg":
        (model if section == "model_cfg" else model[section])[setting] = value
    with pytest.raises(CheckpointError, match=rf"{section}\.{setting} = .* is not supported"):
        read_open_clip(write(tmp_path / "checkpoint", {}, model, **preprocess))


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (b"", "the weights are damaged"),
        (b"version https://git-lfs.github.com/spec/v1", "the weights are damaged"),
        ([1, 2], "not a dictionary of tensors"),
        ({"state_dict": None}, "not a dictionary of tensors"),
    ],
)
def test_unreadable_weights_are_refused_in_one_line(tmp_path: Path, weights: object, reason: str) -> None:
    folder = write(tmp_path / "checkpoint", {}, MODEL)
    (folder / "open_clip_model.safetensors").unlink()
    path = folder / "open_clip_pytorch_model.bin"
    path.write_bytes(weights) if isinstance(weights, bytes) else torch.save(weights, path)
    with pytest.raises(CheckpointError, match=rf"^checkpoint/open_clip_pytorch_model\.bin: {reason}.*$"):
        read_open_clip(folder)


def test_files_of_open_clip_are_read_if_timms_are_there_too(
    open_clip: Any, small_checkpoint: Path, tmp_path: Path
) -> None:
    """timm's repositories also have the vision tower in timm's own format."""
    _, folder = small(open_clip, small_checkpoint, tmp_path / "checkpoint")
    (folder / "config.json").write_text('{"architecture": "vit_base_patch32_clip_224"}')
    (folder / "model.safetensors").write_bytes(b"")
    assert bake.main(["--model", str(folder), "--out", str(tmp_path / "baked")]) == 0


def test_weights_with_more_layers_than_the_configuration_are_refused(
    open_clip: Any, small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = small(open_clip, small_checkpoint, tmp_path / "checkpoint")
    settings = json.loads((folder / "open_clip_config.json").read_text())
    settings["model_cfg"]["vision_cfg"]["layers"] = 1
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    assert bake.main(["--model", str(folder), "--out", str(tmp_path / "baked")]) == 2
    assert "unexpected_keys: vision_model.encoder.layers.1." in capsys.readouterr().err


def test_an_unknown_weight_is_refused(tmp_path: Path) -> None:
    weights = {"visual.trunk.blocks.0.norm1.weight": torch.zeros(1)}
    with pytest.raises(CheckpointError, match=r"visual\.trunk.* is not part of a supported CLIP"):
        read_open_clip(write(tmp_path / "checkpoint", weights, MODEL))


def test_a_broken_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text("[]")
    with pytest.raises(CheckpointError, match=r"open_clip_config\.json"):
        read_open_clip(tmp_path)
