"""The configuration of one checkpoint: the shapes of its two towers, and how its pixels are prepared."""

import math
from dataclasses import dataclass
from typing import Any, Self

from function.errors import CheckpointError

ACTIVATIONS = ("quick_gelu", "gelu")


@dataclass(frozen=True, kw_only=True)
class TowerConfig:
    """The shape of a transformer with its projection, in the names of Hugging Face's configurations.

    Raises CheckpointError if the activation is not one of `ACTIVATIONS`.
    """

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    projection_dim: int
    hidden_act: str
    layer_norm_eps: float

    def __post_init__(self) -> None:
        if self.hidden_act not in ACTIVATIONS:
            raise CheckpointError(f"hidden_act {self.hidden_act!r} is not one of {', '.join(ACTIVATIONS)}")

    @property
    def query_scale(self) -> float:
        """The factor on the queries of attention, 1 / sqrt(head_dim) (Vaswani et al. 2017, section 3.2.1)."""
        return 1 / math.sqrt(self.hidden_size // self.num_attention_heads)


@dataclass(frozen=True, kw_only=True)
class VisionConfig(TowerConfig):
    """The shape of a vision tower, in the names of Hugging Face's `CLIPVisionConfig`."""

    image_size: int
    patch_size: int


@dataclass(frozen=True, kw_only=True)
class TextConfig(TowerConfig):
    """The shape of a text tower, in the names of Hugging Face's `CLIPTextConfig`."""

    vocab_size: int
    max_position_embeddings: int
    eos_token_id: int


@dataclass(frozen=True)
class PreprocessConfig:
    """How the pixels of one checkpoint are prepared, as its `preprocessor_config.json` says.

    `shortest_edge` and `crop_size` are in pixels, `resample` is Pillow's number of the filter. The encoder's input is
    `(value * rescale_factor - mean) / std` per channel, for values from 0 to 255.
    """

    shortest_edge: int
    crop_size: int
    resample: int
    rescale_factor: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def from_hugging_face(cls, config: dict[str, Any]) -> Self:
        """Return the preprocessing of a CLIPImageProcessor, from its `to_dict()`, which has all settings.

        Raises CheckpointError if a step or setting is not supported, because ignoring it would give wrong scores.
        """
        for step in ("do_resize", "do_center_crop", "do_rescale", "do_normalize"):
            if not config[step]:
                raise CheckpointError(f"preprocessor_config.json: {step} = false is not supported")
        size, crop = config["size"] or {}, config["crop_size"] or {}
        if not size.get("shortest_edge"):
            raise CheckpointError(f"preprocessor_config.json: size = {size} is not supported")
        if not crop.get("height") or crop["height"] != crop.get("width"):
            raise CheckpointError(f"preprocessor_config.json: crop_size = {crop} is not supported")
        if crop["height"] > size["shortest_edge"]:
            raise CheckpointError("preprocessor_config.json: crop_size must not be larger than size")
        return cls(
            shortest_edge=size["shortest_edge"],
            crop_size=crop["height"],
            resample=int(config["resample"]),
            rescale_factor=float(config["rescale_factor"]),
            mean=_per_channel(config, "image_mean"),
            std=_per_channel(config, "image_std"),
        )

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Return the configuration that was written with `dataclasses.asdict` and JSON."""
        return cls(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})


def _per_channel(config: dict[str, Any], name: str) -> tuple[float, float, float]:
    """Return the three numbers (red, green, blue) of `config[name]`."""
    values = config[name]
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise CheckpointError(f"preprocessor_config.json: {name} = {values} must be three numbers")
    return (float(values[0]), float(values[1]), float(values[2]))
