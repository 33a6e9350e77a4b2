"""CLIP's text tower, through Transformers: for the bake, for a request's own labels, and for text embeddings.

Importing Transformers takes longer than all the rest of a cold start, so it happens at the first call, never at import.
"""

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from transformers import CLIPTextModelWithProjection, PreTrainedTokenizerBase

# 10,000 embeddings of 512 floats are 20 MB.
_CACHED_TEXTS = 10_000


class TextEncoder:
    """Texts to unit vectors; `folder` holds a text tower and its tokenizer, as Transformers saves them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: tuple[CLIPTextModelWithProjection, PreTrainedTokenizerBase] | None = None
        self._embed_one = lru_cache(maxsize=_CACHED_TEXTS)(self._encode)

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Return the text embeddings, unit length, shape (len(texts), projection_dim), float32.

        Texts longer than the model's context (77 tokens for OpenAI's) are cut. What was embedded is remembered.
        """
        with self._lock:
            return torch.stack([self._embed_one(text) for text in texts])

    def _load(self) -> tuple["CLIPTextModelWithProjection", "PreTrainedTokenizerBase"]:
        from transformers import AutoTokenizer, CLIPTextModelWithProjection  # noqa: PLC0415
        from transformers.utils import logging  # noqa: PLC0415

        logging.disable_progress_bar()
        model = CLIPTextModelWithProjection.from_pretrained(self._folder, dtype=torch.float32).eval()
        return model, AutoTokenizer.from_pretrained(self._folder)

    @torch.inference_mode()
    def _encode(self, text: str) -> Tensor:
        """Return the embedding of one text, (projection_dim,)."""
        if self._loaded is None:
            self._loaded = self._load()
        model, tokenizer = self._loaded
        longest = model.config.max_position_embeddings
        tokens = tokenizer([text], truncation=True, max_length=longest, return_tensors="pt")
        return F.normalize(model(**tokens).text_embeds[0].float(), dim=-1)
