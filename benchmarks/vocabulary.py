"""A tokenizer with a vocabulary as large as that of OpenAI's CLIP, because its size decides how long loading takes."""

import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import CLIPTokenizer

_MARKS = ("<|startoftext|>", "<|endoftext|>")


def full_tokenizer(size: int) -> CLIPTokenizer:
    """Return CLIP's tokenizer with `size` tokens, learned from the sources of Python's standard library."""
    empty = CLIPTokenizer().backend_tokenizer
    tokenizer = Tokenizer(BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = empty.normalizer, empty.pre_tokenizer
    trainer = BpeTrainer(
        vocab_size=size - len(_MARKS),
        initial_alphabet=ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    learned = tokenizer.get_vocab()
    pieces = sorted(learned, key=learned.__getitem__)
    pieces += [f"unused{i}</w>" for i in range(size - len(_MARKS) - len(pieces))]
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    vocabulary = {piece: i for i, piece in enumerate((*pieces, *_MARKS))}
    return CLIPTokenizer(vocab=vocabulary, merges=[tuple(merge) for merge in merges])


def _texts() -> Iterator[str]:
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        yield path.read_text(encoding="utf-8", errors="replace")
