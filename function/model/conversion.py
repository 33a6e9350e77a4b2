"""Build time: a Transformers CLIP checkpoint becomes the model's part of a baked folder."""

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from pickle import UnpicklingError

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

# A checkpoint without safetensors would make Transformers ask the hub to convert it, in the background.
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"

from transformers import (
    AutoConfig,
    AutoTokenizer,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextModelWithProjection,
)
from transformers.utils import logging

from function.errors import CheckpointError
from function.model.baked_folder import PREPROCESS, TEXT, VISION, write_json
from function.model.config import PreprocessConfig, VisionConfig
from function.model.weight_shapes import vision_shapes


@dataclass(frozen=True)
class ConvertedModel:
    """What the manifest needs to know of a model; `logit_scale` is exponentiated."""

    vision: VisionConfig
    logit_scale: float


def convert(checkpoint: Path, out: Path) -> ConvertedModel:
    """Write vision tower, text tower, tokenizer and preprocessing of `checkpoint` into the folder `out`.

    Raises CheckpointError if it is not a complete CLIP checkpoint, or needs what is not computed here.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(checkpoint)
        if not isinstance(config, CLIPConfig):
            raise CheckpointError(f"{checkpoint.name}: model type {config.model_type!r} is not clip")
        processor = CLIPImageProcessorPil.from_pretrained(checkpoint)
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        model, loading = CLIPModel.from_pretrained(
            checkpoint, dtype=torch.float32, weights_only=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError, UnpicklingError) as error:
        raise CheckpointError(f"{checkpoint.name}: {(str(error).strip().splitlines() or [repr(error)])[0]}") from error
    for problem in ("missing_keys", "mismatched_keys"):
        if loading[problem]:
            raise CheckpointError(f"{checkpoint.name}: weights do not fit, {problem}: {sorted(loading[problem])[0]}")
    if len(tokenizer) > config.text_config.vocab_size:
        raise CheckpointError(
            f"{checkpoint.name}: the tokenizer has {len(tokenizer)} tokens, the model {config.text_config.vocab_size}"
        )
    vision = vision_config(config)
    preprocess = PreprocessConfig.from_hugging_face(processor.to_dict())
    if preprocess.crop_size != vision.image_size:
        raise CheckpointError(
            f"{checkpoint.name}: crops to {preprocess.crop_size} pixels, but the model takes {vision.image_size}"
        )
    out.mkdir(parents=True)
    weights = model.state_dict()
    safetensors.torch.save_file({name: compact(weights[name]) for name in vision_shapes(vision)}, out / VISION)
    text_model = _text_model(model)
    text_model.save_pretrained(
        out / TEXT, state_dict={name: compact(weight) for name, weight in text_model.state_dict().items()}
    )
    tokenizer.save_pretrained(out / TEXT)
    write_json(out / PREPROCESS, asdict(preprocess))
    return ConvertedModel(vision, model.logit_scale.exp().item())


def compact(weight: Tensor) -> Tensor:
    """Return `weight` in half precision if that loses nothing, not one bit of one value, else as it is.

    OpenAI trained and published its models in half precision and Transformers' checkpoints hold the same values in
    float32: twice the bytes to store in the image and to read at each cold start, for the same numbers.
    """
    half = weight.to(torch.float16)
    return half.contiguous() if torch.equal(half.to(weight.dtype), weight) else weight.contiguous()


def vision_config(config: CLIPConfig) -> VisionConfig:
    """Return the vision tower's shape; the projection's is the whole model's, not the tower's own.

    Raises CheckpointError for what is not computed here.
    """
    names = [field.name for field in fields(VisionConfig) if field.name != "projection_dim"]
    shape = {name: getattr(config.vision_config, name) for name in names}
    if config.vision_config.num_channels != 3:
        raise CheckpointError(f"{config.vision_config.num_channels} channels: only red, green, blue is supported")
    return VisionConfig(**shape, projection_dim=config.projection_dim)


def _text_model(model: CLIPModel) -> CLIPTextModelWithProjection:
    """Return the text tower and projection of `model`, sharing its weights."""
    config = model.config.text_config
    config.projection_dim = model.config.projection_dim
    text_model = CLIPTextModelWithProjection(config)
    text_model.text_model, text_model.text_projection = model.text_model, model.text_projection
    return text_model
