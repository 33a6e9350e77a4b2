"""Conversion stores both towers exactly and in few bytes, and refuses tokenizers that do not fit."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import CLIPModel

from function.errors import CheckpointError
from function.model import conversion
from tools.small_checkpoint import make_checkpoint


@given(values=st.lists(st.floats(width=32), min_size=1, max_size=5))
def test_compact_changes_no_value(values: list[float]) -> None:
    weight = torch.tensor(values)
    assert torch.equal(conversion.compact(weight).float().nan_to_num(7.5), weight.nan_to_num(7.5))


def test_weights_are_stored_in_half_precision_only_where_nothing_is_lost(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint")
    model = CLIPModel.from_pretrained(checkpoint)
    with torch.no_grad():
        for tower in (model.vision_model.encoder, model.text_model.encoder, model.text_model.embeddings):
            for parameter in tower.parameters():
                parameter.copy_(parameter.half())
    model.save_pretrained(checkpoint)
    conversion.convert(checkpoint, tmp_path / "out")
    stored = {
        **safetensors.torch.load_file(tmp_path / "out/vision.safetensors"),
        **safetensors.torch.load_file(tmp_path / "out/text.safetensors"),
    }
    halves = {name for name, weight in stored.items() if weight.dtype == torch.float16}
    assert {name for name in stored if ".encoder." in name} <= halves
    assert "text_model.embeddings.token_embedding.weight" in halves
    assert not {"visual_projection.weight", "text_projection.weight"} & halves
    assert stored.keys() == model.state_dict().keys() - {"logit_scale"}
    for name, weight in stored.items():
        assert torch.equal(weight.float(), model.state_dict()[name]), name


@pytest.mark.parametrize(
    ("file", "setting", "value", "reason"),
    [
        ("config.json", "text_config", {"num_attention_heads": 3}, "The hidden size .* is not a multiple of .*"),
        ("preprocessor_config.json", "image_mean", ["a", "b", "c"], "could not convert string to float: 'a'"),
        ("config.json", "model_type", "timm_wrapper", ".*timm.*"),
    ],
)
def test_refuses_a_configuration_that_does_not_fit_in_one_line(
    tmp_path: Path, file: str, setting: str, value: object, reason: str
) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint")
    settings = json.loads((checkpoint / file).read_text())
    settings[setting] = settings[setting] | value if isinstance(value, dict) else value
    (checkpoint / file).write_text(json.dumps(settings))
    with pytest.raises(CheckpointError, match=rf"^checkpoint: {reason}$"):
        conversion.convert(checkpoint, tmp_path / "out")


def test_refuses_a_tokenizer_with_more_tokens_than_the_model(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint", text={"vocab_size": 500})
    with pytest.raises(CheckpointError, match="checkpoint: the tokenizer has 514 tokens, the model 500"):
        conversion.convert(checkpoint, tmp_path / "out")


def test_refuses_a_tokenizer_that_adds_no_end_token(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint")
    (checkpoint / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.post_processor = None
    tokenizer.save(str(checkpoint / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="checkpoint: the tokenizer adds no end token"):
        conversion.convert(checkpoint, tmp_path / "out")
