"""The open_clip library without torchvision, and small checkpoints in its format."""

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

MODEL: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 100, "width": 32, "heads": 4, "layers": 2},
}


class _Torchvision(ModuleType):
    """Stands for torchvision, of which open_clip imports names that these tests do not use."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return sys.modules.get(f"{self.__name__}.{name}") or type(name, (), {"BICUBIC": 3})


@contextmanager
def library() -> Iterator[Any]:
    """Import open_clip without torchvision: PyPI's does not work with a torch for CPUs."""
    names = ["", ".transforms", ".transforms.functional", ".ops", ".ops.misc"]
    stubs = {f"torchvision{name}": _Torchvision(f"torchvision{name}") for name in names}
    sys.modules.update(stubs)
    try:
        yield importlib.import_module("open_clip")
    finally:
        for name in stubs:
            del sys.modules[name]


def write(folder: Path, weights: dict[str, torch.Tensor], model: dict[str, Any], **preprocess: Any) -> Path:
    """Write an open_clip checkpoint as `open_clip.push_to_hf_hub` does."""
    folder.mkdir(exist_ok=True)
    settings = {"model_cfg": model, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3, **preprocess}}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    save_file({name: weight.contiguous() for name, weight in weights.items()}, folder / "open_clip_model.safetensors")
    return folder


def small(open_clip: Any, tokenizer_of: Path, folder: Path) -> tuple[Any, Path]:
    """Return a model with random weights, and its checkpoint with the tokenizer of the checkpoint `tokenizer_of`."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_of)
    model = json.loads(json.dumps({**MODEL, "quick_gelu": True}))
    model["text_cfg"] |= {"vocab_size": len(tokenizer), "context_length": 77}
    torch.manual_seed(1)
    reference = open_clip.CLIP(**model).eval()
    write(folder, reference.state_dict(), model)
    tokenizer.save_pretrained(folder)
    return reference, folder


def tokenize(folder: Path, texts: list[str]) -> torch.Tensor:
    """Return token ids as open_clip's tokenizer pads them: with zeros after the end token."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids: torch.Tensor = tokenizer(texts, padding="max_length", max_length=77, return_tensors="pt").input_ids
    end = ids.eq(ids.amax()).int().argmax(dim=1, keepdim=True)
    return ids.masked_fill(torch.arange(ids.shape[1]) > end, 0)
