"""Create a small CLIP checkpoint with random weights. It is loaded, baked and served like a trained one.

    python -m tools.small_checkpoint OUT

Tests use it if only the arithmetic matters, in many shapes.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
_VISION = {**_TEXT, "image_size": 32, "patch_size": 8}
_CLIP = {"projection_dim": 24, "logit_scale_init_value": math.log(100)}  # the logit scale of OpenAI's checkpoints
# With this seed, photos get tags of both groups above the default `min_score`.
_SEED = 10


def make_checkpoint(
    folder: Path,
    vision: dict[str, Any] | None = None,
    text: dict[str, Any] | None = None,
    half: bool = False,
    tokenizer: CLIPTokenizer | None = None,
    **config: Any,
) -> Path:
    """Write a checkpoint with weights from a fixed seed into `folder` and return it.

    `vision`, `text` and `config` override fields of `CLIPVisionConfig`, `CLIPTextConfig` and `CLIPConfig`. With `half`
    the matrices of the layers have values of half precision, in float32, like OpenAI's checkpoints. The default
    `tokenizer` has a token for each byte.
    """
    tokenizer = tokenizer or _byte_tokenizer()
    text_config = {
        **_TEXT,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 77,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **(text or {}),
    }
    clip_config = CLIPConfig(
        text_config=text_config, vision_config={**_VISION, **(vision or {})}, **{**_CLIP, **config}
    )
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        model = CLIPModel(clip_config)
        _spread(model)
    if half:
        _round_to_half(model)
    side = clip_config.vision_config.image_size
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side}).save_pretrained(
        folder
    )
    return folder


@torch.no_grad()
def _spread(model: CLIPModel) -> None:
    """Set biases and norms to random values, because zeros and ones would hide errors in their use."""
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            parameter.normal_(mean=1.0 if "norm" in name and name.endswith("weight") else 0.0, std=0.2)


@torch.no_grad()
def _round_to_half(model: CLIPModel) -> None:
    """Round the weights that OpenAI's code stores in half precision: linear and convolution layers, and projections."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            for parameter in module.parameters():
                parameter.copy_(parameter.half())


def _byte_tokenizer() -> CLIPTokenizer:
    """Return CLIP's tokenizer with a vocabulary of single bytes, which can encode any text."""
    characters = sorted(ByteLevel.alphabet())
    pieces = [*characters, *(f"{character}</w>" for character in characters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[])


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.small_checkpoint", description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out = make_checkpoint(parser.parse_args().out)
    print(f"{out}: a small checkpoint with random weights")


if __name__ == "__main__":
    main()
