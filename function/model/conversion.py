"""Build time: convert a CLIP checkpoint into the files of a baked folder."""

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import safetensors.torch
import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor

# A checkpoint without safetensors would make Transformers ask the hub to convert it, in the background.
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"

from transformers import AutoConfig, AutoTokenizer, CLIPConfig, CLIPImageProcessorPil, CLIPModel, PreTrainedConfig
from transformers.utils import logging

from function.errors import CheckpointError
from function.model.baked_folder import PREPROCESS, TEXT, TOKENIZER, VISION, write_json
from function.model.checkpoint import open_clip_weights
from function.model.config import PreprocessConfig, TextConfig, TowerConfig, VisionConfig
from function.model.open_clip import read_open_clip, reason_of
from function.model.weight_shapes import text_shapes, vision_shapes

_UNREADABLE = (OSError, EOFError, ImportError, KeyError, RuntimeError, TypeError, ValueError, ZeroDivisionError)
Config = TypeVar("Config", bound=TowerConfig)


@dataclass(frozen=True)
class ConvertedModel:
    """The fields of the manifest that conversion finds out. `logit_scale` is exponentiated."""

    vision: VisionConfig
    text: TextConfig
    logit_scale: float


def convert(checkpoint: Path, out: Path) -> ConvertedModel:
    """Write both towers, the tokenizer and the preprocessing of `checkpoint` into the new folder `out`.

    Raises CheckpointError if it is not a complete CLIP checkpoint, or if it needs something that is not supported.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        model, processor, tokenizer = _load(checkpoint)
        preprocess = PreprocessConfig.from_hugging_face(processor.to_dict())
    except StrictDataclassError as error:  # its own text names the validator, and the cause is the reason
        raise CheckpointError(f"{checkpoint.name}: {error.__cause__ or error}") from error
    except (*_UNREADABLE, SafetensorError, UnpicklingError) as error:
        raise CheckpointError(f"{checkpoint.name}: {reason_of(error)}") from error
    config = model.config
    vision = _tower_config(VisionConfig, config.vision_config, config.projection_dim)
    text = _tower_config(TextConfig, config.text_config, config.projection_dim)
    if preprocess.crop_size != vision.image_size:
        raise CheckpointError(
            f"{checkpoint.name}: crops to {preprocess.crop_size} pixels, but the model takes {vision.image_size}"
        )
    _check_tokenizer(tokenizer, text, checkpoint.name)
    out.mkdir(parents=True)
    weights = model.state_dict()
    for name, shapes in ((VISION, vision_shapes(vision)), (TEXT, text_shapes(text))):
        safetensors.torch.save_file({key: compact(weights[key]) for key in shapes}, out / name)
    tokenizer.backend_tokenizer.save(str(out / TOKENIZER))
    write_json(out / PREPROCESS, asdict(preprocess))
    return ConvertedModel(vision, text, weights["logit_scale"].exp().item())


def _load(folder: Path) -> tuple[CLIPModel, CLIPImageProcessorPil, Any]:
    """Return the model, its image processor and its tokenizer, from Transformers' or open_clip's format."""
    problems = ["missing_keys", "mismatched_keys"]
    if open_clip_weights([path.name for path in folder.iterdir()]):
        checkpoint = read_open_clip(folder)
        config, weights = CLIPConfig(**checkpoint.config), checkpoint.weights
        processor = CLIPImageProcessorPil(**checkpoint.preprocessor)
        problems.append("unexpected_keys")
    else:
        config, weights = AutoConfig.from_pretrained(folder), None
        if not isinstance(config, CLIPConfig):
            raise CheckpointError(f"{folder.name}: model type {config.model_type!r} is not clip")
        processor = CLIPImageProcessorPil.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, config=config)
    model, loading = CLIPModel.from_pretrained(
        folder if weights is None else None,
        config=config,
        state_dict=weights,
        dtype=torch.float32,
        weights_only=True,
        ignore_mismatched_sizes=True,  # reported below, with the name of the weight
        output_loading_info=True,
    )
    for problem in problems:
        if loading[problem]:
            raise CheckpointError(f"{folder.name}: weights do not fit, {problem}: {sorted(loading[problem])[0]}")
    return model, processor, tokenizer


def compact(weight: Tensor) -> Tensor:
    """Return `weight` in half precision if half precision can hold every value exactly, else unchanged.

    OpenAI published its models in half precision. Transformers' checkpoints store the same values in float32, which
    takes twice the bytes in the image and at each cold start.
    """
    half = weight.to(torch.float16)
    return half.contiguous() if torch.equal(half.to(weight.dtype), weight) else weight.contiguous()


def _tower_config(kind: type[Config], config: PreTrainedConfig, projection_dim: int) -> Config:
    """Return the fields of `kind` from `config`. CLIPModel has one `projection_dim` for both towers."""
    names = [field.name for field in fields(kind) if field.name != "projection_dim"]
    return kind(**{name: getattr(config, name) for name in names}, projection_dim=projection_dim)


def _check_tokenizer(tokenizer: Any, config: TextConfig, name: str) -> None:
    """Raise CheckpointError unless the tokenizer fits the text tower and is one of the `tokenizers` library."""
    if not hasattr(tokenizer, "backend_tokenizer"):
        raise CheckpointError(f"{name}: {type(tokenizer).__name__} has no tokenizer.json")
    if len(tokenizer) > config.vocab_size:
        raise CheckpointError(f"{name}: the tokenizer has {len(tokenizer)} tokens, the model {config.vocab_size}")
    if not tokenizer("").input_ids:
        raise CheckpointError(f"{name}: the tokenizer adds no end token")
