"""open_clip's checkpoints give open_clip's embeddings, and a model that is not this CLIP is refused with the reason."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel

from function import bake
from function.errors import CheckpointError
from function.model.open_clip import read_open_clip
from function.tagging.tagger import Tagger
from tests.conftest import encode
from tests.support.open_clip import MODEL, library, small, tokenize, write


@pytest.fixture(scope="module")
def open_clip() -> Iterator[Any]:
    with library() as imported:
        yield imported


@pytest.mark.parametrize("quick_gelu", [False, True])
def test_embeddings_equal_those_of_open_clip(open_clip: Any, tmp_path: Path, quick_gelu: bool) -> None:
    torch.manual_seed(0)
    model = {**MODEL, "quick_gelu": quick_gelu}
    reference = open_clip.CLIP(**model).eval()
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)  # biases and norms start as 0 and 1
    checkpoint = read_open_clip(write(tmp_path / "checkpoint", reference.state_dict(), model))
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


def test_a_baked_open_clip_folder_gives_the_cosines_of_open_clip(
    open_clip: Any, small_checkpoint: Path, cat_photo: Image.Image, tmp_path: Path
) -> None:
    reference, folder = small(open_clip, small_checkpoint, tmp_path / "checkpoint")
    assert bake.main(["--model", str(folder), "--out", str(tmp_path / "baked")]) == 0
    tagger = Tagger.load(tmp_path / "baked", "float32", 1_000_000)
    square, texts = cat_photo.resize((32, 32)), ["a cat", "a photo of two dogs on a sofa", "!"]
    pixels = (torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 255 - 0.5) / 0.25
    with torch.inference_mode():
        image = torch.nn.functional.normalize(reference.encode_image(pixels.unsqueeze(0)), dim=-1)
        text = torch.nn.functional.normalize(reference.encode_text(tokenize(folder, texts)), dim=-1)
    ours = tagger.embed_texts(texts).vectors @ tagger.embed_image(encode(square, "PNG")).vectors[0]
    torch.testing.assert_close(ours, text @ image[0], atol=1e-4, rtol=0)


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


def test_an_unknown_weight_is_refused(tmp_path: Path) -> None:
    weights = {"visual.trunk.blocks.0.norm1.weight": torch.zeros(1)}
    with pytest.raises(CheckpointError, match=r"visual\.trunk.* is not part of a supported CLIP"):
        read_open_clip(write(tmp_path / "checkpoint", weights, MODEL))


def test_a_broken_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text("[]")
    with pytest.raises(CheckpointError, match=r"open_clip_config\.json"):
        read_open_clip(tmp_path)
