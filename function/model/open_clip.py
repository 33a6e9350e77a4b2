"""Build time: checkpoints in open_clip's format, read as if Transformers had written them.

open_clip keeps its configuration in `open_clip_config.json`, and query, key and value as one matrix. Its model is the
same CLIP, so names are mapped and matrices are split. A configuration that changes the computation is refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from function.errors import CheckpointError

CONFIG = "open_clip_config.json"
# In order of preference; a repository often holds both.
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
# Settings that are read.
_READ = {
    "model_cfg": {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu"},
    "vision_cfg": {"image_size", "layers", "width", "head_width", "mlp_ratio", "patch_size", "norm_kwargs"},
    "text_cfg": {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "norm_kwargs"},
    "preprocess_cfg": {"size", "mean", "std", "interpolation"},
}
# Settings that do not change the result of a trained CLIP.
_IGNORED = {
    "vision_cfg": {"patch_dropout", "timm_model_pretrained", "timm_pool", "timm_proj"},
    "text_cfg": {"pad_id", "eos_id", "hf_model_pretrained"},
    "preprocess_cfg": {"fill_color"},
}
# Other settings must be empty or have open_clip's default.
_DEFAULTS = {
    "vision_cfg.pool_type": "tok",
    "vision_cfg.pos_embed_type": "learnable",
    "text_cfg.pool_type": "argmax",
    "text_cfg.proj_type": "linear",
    "preprocess_cfg.resize_mode": "shortest",
    "preprocess_cfg.mode": "RGB",
}
_RESAMPLE = {"bilinear": 2, "bicubic": 3}
# OPENAI_DATASET_MEAN and OPENAI_DATASET_STD of open_clip's constants.py.
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_LAYER_NORM_EPS = 1e-5  # torch's default, which open_clip uses
# open_clip's name of a tensor outside the layers -> Transformers'.
_NAMES = {
    "logit_scale": "logit_scale",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "visual.proj": "visual_projection.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final": "text_model.final_layer_norm",
    "text_projection": "text_projection.weight",
}
# Both projections are stored as (in, out); Transformers stores (out, in).
_TRANSPOSED = {"visual.proj", "text_projection"}
_LAYER = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)")
_LAYER_NAMES = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}


@dataclass(frozen=True)
class OpenClipCheckpoint:
    """A checkpoint in Transformers' terms.

    `config` are the arguments of `CLIPConfig`, `preprocessor` those of `CLIPImageProcessor`; `weights` are named and
    shaped as those of `CLIPModel`.
    """

    config: dict[str, Any]
    preprocessor: dict[str, Any]
    weights: dict[str, Tensor]


def read_open_clip(folder: Path) -> OpenClipCheckpoint:
    """Read the open_clip checkpoint in `folder`.

    Raises CheckpointError if a file cannot be read, or the model is not the CLIP that this service computes.
    """
    try:
        settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        model, preprocess = settings["model_cfg"], settings.get("preprocess_cfg") or {}
        for name in ("vision_cfg", "text_cfg"):
            _check_settings(name, model[name])
        _check_settings("model_cfg", model)
        _check_settings("preprocess_cfg", preprocess)
        config, preprocessor = _clip_config(model), _preprocessor_config(preprocess, model["vision_cfg"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise CheckpointError(f"{folder.name}/{CONFIG}: not a valid configuration: {error!r}") from error
    return OpenClipCheckpoint(config, preprocessor, _to_transformers(_load(folder)))


def reason_of(error: Exception) -> str:
    """Return why weights or other files cannot be read, in one line."""
    if isinstance(error, UnpicklingError | EOFError):  # torch's text is advice to run the code in the file
        return "the weights are damaged, incomplete, or not only tensors"
    return (str(error).strip().splitlines() or [repr(error)])[0]


def _check_settings(section: str, settings: dict[str, Any]) -> None:
    """Raise CheckpointError for a setting that would change the computation."""
    for name, value in settings.items():
        if name in _READ[section] | _IGNORED.get(section, set()) or value in (None, False, [], {}):
            continue
        if value != _DEFAULTS.get(f"{section}.{name}"):
            raise CheckpointError(f"{CONFIG}: {section}.{name} = {value!r} is not supported")
    if not isinstance(settings.get("layers", 1), int):
        raise CheckpointError(f"{CONFIG}: {section}.layers = {settings['layers']!r} (a ResNet) is not supported")


def _clip_config(model: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `CLIPConfig`; missing settings have open_clip's defaults."""
    vision, text = model["vision_cfg"], model["text_cfg"]
    activation = "quick_gelu" if model.get("quick_gelu") else "gelu"
    vocab_size = text.get("vocab_size", 49408)
    return {
        "projection_dim": model["embed_dim"],
        "vision_config": {
            **_tower_config(vision, vision.get("width", 768), activation),
            "num_attention_heads": vision.get("width", 768) // vision.get("head_width", 64),
            "image_size": _side(vision.get("image_size", 224)),
            "patch_size": vision.get("patch_size", 16),
        },
        "text_config": {
            **_tower_config(text, text.get("width", 512), activation),
            "num_attention_heads": text.get("heads", 8),
            "max_position_embeddings": text.get("context_length", 77),
            "vocab_size": vocab_size,
            # open_clip takes the token with the largest id, which is the last of the vocabulary.
            "eos_token_id": vocab_size - 1,
            "bos_token_id": vocab_size - 2,
        },
    }


def _tower_config(settings: dict[str, Any], width: int, activation: str) -> dict[str, Any]:
    """Return what the configurations of both towers have."""
    return {
        "hidden_act": activation,
        "hidden_size": width,
        "intermediate_size": int(width * settings.get("mlp_ratio", 4.0)),
        "num_hidden_layers": settings.get("layers", 12),
        "layer_norm_eps": float((settings.get("norm_kwargs") or {}).get("eps", _LAYER_NORM_EPS)),
    }


def _preprocessor_config(preprocess: dict[str, Any], vision: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `CLIPImageProcessor`."""
    side = _side(preprocess.get("size") or vision.get("image_size", 224))
    interpolation = preprocess.get("interpolation") or "bicubic"
    if interpolation not in _RESAMPLE:
        raise CheckpointError(f"{CONFIG}: preprocess_cfg.interpolation = {interpolation!r} is not supported")
    return {
        "size": {"shortest_edge": side},
        "crop_size": side,
        "resample": _RESAMPLE[interpolation],
        "image_mean": preprocess.get("mean") or _MEAN,
        "image_std": preprocess.get("std") or _STD,
    }


def _side(size: Any) -> int:
    """Return the side of a square given as one number or two equal ones."""
    sides = {size} if isinstance(size, int) else set(size)
    if len(sides) != 1:
        raise CheckpointError(f"{CONFIG}: image size {size} is not a square")
    return int(sides.pop())


def _load(folder: Path) -> dict[str, Tensor]:
    """Return the weights in `folder` by open_clip's names."""
    path = next(folder / name for name in WEIGHTS if (folder / name).is_file())
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, SafetensorError, UnpicklingError) as error:
        raise CheckpointError(f"{folder.name}/{path.name}: {reason_of(error)}") from error
    weights = weights.get("state_dict", weights) if isinstance(weights, dict) else {}
    if not weights or not all(isinstance(weight, Tensor) for weight in weights.values()):
        raise CheckpointError(f"{folder.name}/{path.name}: not a dictionary of tensors")
    return {name.removeprefix("module."): weight for name, weight in weights.items()}


def _to_transformers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights in float32, named and shaped as Transformers' `CLIPModel` has them."""
    return {
        new_name: part
        for name, weight in weights.items()
        if name != "attn_mask"
        for new_name, part in _renamed(name, weight.float())
    }


def _renamed(name: str, weight: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Yield Transformers' name and tensor of one weight; query, key and value are three."""
    prefix, rest, names = "", name, _NAMES
    if layer := _LAYER.fullmatch(name):
        tower = "vision_model" if layer[1] else "text_model"
        prefix, rest, names = f"{tower}.encoder.layers.{layer[2]}.", layer[3], _LAYER_NAMES
    module, _, kind = rest.rpartition(".")
    if layer and rest.startswith("attn.in_proj_"):
        kind = rest.removeprefix("attn.in_proj_")
        for projection, part in zip("qkv", weight.chunk(3), strict=True):
            yield f"{prefix}self_attn.{projection}_proj.{kind}", part.contiguous()
    elif rest in names:
        yield f"{prefix}{names[rest]}", weight.T.contiguous() if rest in _TRANSPOSED else weight
    elif module in names:
        yield f"{prefix}{names[module]}.{kind}", weight
    else:
        raise CheckpointError(f"{CONFIG}: weight {name} is not part of a supported CLIP")
