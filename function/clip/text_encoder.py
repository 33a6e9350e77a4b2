"""CLIP's text tower on torch alone, with its tokenizer and a cache.

Computes what `transformers.CLIPTextModelWithProjection` computes, with the layers of the image encoder.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from function.clip.linear import linear
from function.clip.tokenizer import Tokenizer
from function.clip.transformer import Group, Transformer, layer_norm
from function.clip.weight_reader import WeightReader
from function.model.config import TextConfig

# 10,000 embeddings of 512 floats are 20 MB.
_CACHED_TEXTS = 10_000
_END_TOKEN = -1


class TextTower:
    """Tokens to unit vectors.

    `weights` have the names and shapes of `CLIPTextModelWithProjection`. Each weight is read once and copied, by up to
    `threads` threads at a time. Only the token embeddings stay where they are: a text needs few rows of a large table.
    """

    def __init__(self, weights: Mapping[str, Tensor], config: TextConfig, threads: int = 1) -> None:
        read = WeightReader(weights, torch.float32)
        self._token_embeddings = weights["text_model.embeddings.token_embedding.weight"]
        self._positions = read.copy("text_model.embeddings.position_embedding.weight")
        self._transformer = Transformer(read, "text_model.", config, token=_END_TOKEN, threads=threads)
        self._norm = layer_norm(read, "text_model.final_layer_norm", config)
        self._projection = linear(read.matrix("text_projection.weight"), None)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return the text embeddings, unit length, shape (len(texts), projection_dim), float32.

        Each text is a list of at least one token id. Its last token is the end token.
        """
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        by_length = [texts[i] for i in order]
        groups = [_causal_group(length, len(list(group))) for length, group in groupby(map(len, by_length))]
        end_tokens = self._transformer(self._embed(by_length), groups)
        features = self._projection(self._norm(end_tokens))  # (n, projection_dim)
        return F.normalize(features[torch.tensor(order).argsort()], dim=-1)

    def _embed(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return the embeddings of all tokens with their positions, (all tokens, hidden_size)."""
        ids = torch.tensor([token for text in texts for token in text])
        positions = torch.tensor([position for text in texts for position in range(len(text))])
        return F.embedding(ids, self._token_embeddings).float() + self._positions[positions]


def _causal_group(length: int, count: int) -> Group:
    """Return `count` sequences of `length` tokens, each of which attends to itself and to the tokens before it."""
    return Group(count, length, torch.full((length, length), -torch.inf).triu_(1))


class TextEncoder:
    """Texts to unit vectors, from the weights and the `tokenizer.json` of a baked folder.

    The text tower and the tokenizer are loaded when the first text is encoded. The `cached_texts` texts that were used
    last are cached. Not safe to call from several threads at a time.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        tokenizer: Path,
        config: TextConfig,
        threads: int = 1,
        cached_texts: int = _CACHED_TEXTS,
    ) -> None:
        self._weights, self._tokenizer_path, self._config, self._threads = weights, tokenizer, config, threads
        self._cache: OrderedDict[str, Tensor] = OrderedDict()
        self._cached_texts = cached_texts
        self._loaded: tuple[Tokenizer, TextTower] | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the text tower is in memory."""
        return self._loaded is not None

    def load(self) -> tuple[Tokenizer, TextTower]:
        """Return the tokenizer and the text tower. The first call reads them from disk."""
        if self._loaded is None:
            tokenizer = Tokenizer(self._tokenizer_path, self._config)
            self._loaded = tokenizer, TextTower(self._weights, self._config, self._threads)
        return self._loaded

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has. The tower encodes at most `max_position_embeddings`."""
        return self.load()[0].count(texts)

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Return the text embeddings, unit length, shape (len(texts), projection_dim), float32.

        No text may be longer than the model's context (77 tokens for OpenAI's models). Texts that are not cached are
        encoded as one batch.
        """
        known = {text: self._cache[text] for text in texts if text in self._cache}
        unknown = [text for text in dict.fromkeys(texts) if text not in known]
        if unknown:
            tokenizer, tower = self.load()
            embeddings = tower(tokenizer(unknown))
            # Cached rows are copies, because a view would keep the whole batch in memory.
            known |= {text: row.clone() for text, row in zip(unknown, embeddings, strict=True)}
        self._remember(known)
        return torch.stack([known[text] for text in texts])

    def _remember(self, used: dict[str, Tensor]) -> None:
        """Mark `used` as the texts that were used last, and drop the texts that were not used for longest."""
        for text, embedding in used.items():
            self._cache[text] = embedding
            self._cache.move_to_end(text)
        while len(self._cache) > self._cached_texts:
            self._cache.popitem(last=False)
