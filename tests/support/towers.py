"""Towers of Transformers with random weights, as references for the encoders."""

from typing import Any, TypeVar

import torch
from torch import nn

Model = TypeVar("Model", bound=nn.Module)
# Names of the ways that `function.clip.linear` multiplies.
WAYS = ("halves", "oneDNN", "plain torch")


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


def config_of(model: Any, kind: Any) -> Any:
    """Return the fields of `kind`, one of this project's configurations, from the model's."""
    return kind(**{name: getattr(model.config, name) for name in kind.__dataclass_fields__})
