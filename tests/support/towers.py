"""Towers of Transformers with random weights, as references for the encoders."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn
from transformers import AutoTokenizer, CLIPModel

from function.clip import linear

Model = TypeVar("Model", bound=nn.Module)
# Largest difference of an embedding from the reference.
TOLERANCE = 1e-4
# Names of the ways that `function.clip.linear` multiplies.
WAYS = ("halves", "oneDNN", "plain torch")


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, object]:
    """Draw those fields of a small tower's configuration that image and text towers share."""
    heads = draw(st.integers(1, 4))
    return {
        "num_attention_heads": heads,
        "hidden_size": heads * draw(st.sampled_from([4, 8, 16, 20])),
        "num_hidden_layers": draw(st.integers(1, 4)),
        "intermediate_size": draw(st.integers(8, 80)),
        "projection_dim": draw(st.integers(2, 40)),
        "hidden_act": draw(st.sampled_from(["quick_gelu", "gelu"])),
        "layer_norm_eps": draw(st.sampled_from([1e-5, 1e-6])),
    }


@contextmanager
def weights_for(way: str, model: nn.Module) -> Iterator[dict[str, torch.Tensor]]:
    """Yield the model's weights for an encoder. While it is built, `function.clip.linear` chooses this way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "multiplies_halves", lambda _: way == "halves")
        patch.setattr(linear, "has_packed_linear", lambda _: way == "oneDNN")
        yield in_half_precision(model) if way == "halves" else model.state_dict()


def with_random_weights(model: Model, matrices_std: float | None = None) -> Model:
    """Return the model with random biases and norms, and random matrices if their deviation is given."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.normal_(mean=1.0 if "norm" in name and name.endswith("weight") else 0.0, std=0.3)
            elif matrices_std:
                parameter.normal_(std=matrices_std)
    return model.eval()


def in_half_precision(model: nn.Module) -> dict[str, torch.Tensor]:
    """Round the model's matrices to half precision, and return its weights as a bake stores them."""
    weights = {name: weight.half() if weight.ndim > 1 else weight for name, weight in model.state_dict().items()}
    model.load_state_dict(weights)
    return weights


def text_embeddings(checkpoint: Path, texts: Sequence[str]) -> torch.Tensor:
    """Return the unit vectors that Transformers gives `texts`, one text at a time, so without padding."""
    model, tokenizer = CLIPModel.from_pretrained(checkpoint).eval(), AutoTokenizer.from_pretrained(checkpoint)
    with torch.inference_mode():
        tokens = [tokenizer(text, return_tensors="pt") for text in texts]
        return F.normalize(torch.cat([model.get_text_features(**each).pooler_output for each in tokens]), dim=-1)


def config_of(model: Any, kind: Any) -> Any:
    """Return the fields of `kind`, one of this project's configurations, from the model's."""
    return kind(**{name: getattr(model.config, name) for name in kind.__dataclass_fields__})
