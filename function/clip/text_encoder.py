"""CLIP's text tower, through Transformers: for the bake, for a request's own labels, and for text embeddings.

Importing Transformers takes longer than all the rest of a cold start, so it happens at first use, never at import.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from function.clip import torch_import

if TYPE_CHECKING:
    from transformers import CLIPTextModelWithProjection, PreTrainedTokenizerBase

# 10,000 embeddings of 512 floats are 20 MB.
_CACHED_TEXTS = 10_000


class TextEncoder:
    """Texts to unit vectors; `folder` holds a text tower and its tokenizer, as Transformers saves them.

    Safe to call from several threads. The `cached_texts` texts used last are remembered with their embeddings.
    """

    def __init__(self, folder: Path, cached_texts: int = _CACHED_TEXTS) -> None:
        self._folder, self._cached_texts = folder, cached_texts
        self._lock = threading.Lock()
        self._loaded: tuple[CLIPTextModelWithProjection, PreTrainedTokenizerBase] | None = None
        self._cache: OrderedDict[str, Tensor] = OrderedDict()

    @property
    def is_loaded(self) -> bool:
        """Whether the text tower is in memory; if not, the next call takes seconds."""
        return self._loaded is not None

    def load(self) -> None:
        """Load the text tower, unless it is loaded."""
        with self._lock:
            self._model_and_tokenizer()

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Return the text embeddings, unit length, shape (len(texts), projection_dim), float32.

        Texts longer than the model's context (77 tokens for OpenAI's) are cut. Those not remembered are one batch.
        """
        with self._lock:
            known = {text: self._cache[text] for text in texts if text in self._cache}
            unknown = [text for text in dict.fromkeys(texts) if text not in known]
            if unknown:
                # Copies: a view would keep the whole batch in memory for as long as one text of it is remembered.
                known |= {text: row.clone() for text, row in zip(unknown, self._encode(unknown), strict=True)}
            self._remember(known)
        return torch.stack([known[text] for text in texts])

    def _remember(self, used: dict[str, Tensor]) -> None:
        """Put what was just used last in the order of use, and forget what was not used for longest."""
        for text, embedding in used.items():
            self._cache[text] = embedding
            self._cache.move_to_end(text)
        while len(self._cache) > self._cached_texts:
            self._cache.popitem(last=False)

    def _model_and_tokenizer(self) -> tuple["CLIPTextModelWithProjection", "PreTrainedTokenizerBase"]:
        if self._loaded is None:
            torch_import.complete()
            from transformers import AutoTokenizer, CLIPTextModelWithProjection  # noqa: PLC0415
            from transformers.utils import logging  # noqa: PLC0415

            logging.disable_progress_bar()
            model = CLIPTextModelWithProjection.from_pretrained(self._folder, dtype=torch.float32).eval()
            self._loaded = model, AutoTokenizer.from_pretrained(self._folder)
        return self._loaded

    @torch.inference_mode()
    def _encode(self, texts: list[str]) -> Tensor:
        """Return the embeddings of a batch of texts, (len(texts), projection_dim)."""
        model, tokenizer = self._model_and_tokenizer()
        longest = model.config.max_position_embeddings
        tokens = tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        return F.normalize(model(**tokens).text_embeds.float(), dim=-1)
