"""Texts to the tokens that CLIP's text tower reads."""

from collections.abc import Sequence
from pathlib import Path

from function.model.config import TextConfig

# Transformers' CLIPTextModel: with this `eos_token_id`, which old configurations wrongly name, the end token is the one
# with the largest id.
_LEGACY_EOS = 2


class Tokenizer:
    """The tokenizer of a checkpoint, from its `tokenizer.json`."""

    def __init__(self, path: Path, config: TextConfig) -> None:
        import tokenizers  # noqa: PLC0415 - most processes never encode a text

        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()  # the file may ask for both
        self._tokenizer.no_padding()
        self._eos_token_id = config.eos_token_id

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, up to the end token.

        The tower is causal and returns the end token, so nothing after the end token can change the embedding.
        """
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return [ids[: self._end(ids) + 1] for ids in tokens]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, start and end token included."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch(list(texts))]

    def _end(self, ids: list[int]) -> int:
        """Return the position of the end token, 0 if there is none."""
        end = max(ids) if self._eos_token_id == _LEGACY_EOS else self._eos_token_id
        return ids.index(end) if end in ids else 0
