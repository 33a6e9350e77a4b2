"""The parts of models/demo: a small `transformers.CLIPModel`, a tokenizer for its captions, and its preprocessing."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

IMAGE_SIZE_PX, PATCH_SIZE_PX = 72, 12
CONTEXT_TOKENS = 32  # arbitrary labels fall apart into letters: leave them room
MEAN = (0.48145466, 0.4578275, 0.40821073)  # openai/CLIP's, so that the service's normalisation is exercised as it is
STD = (0.26862954, 0.26130258, 0.27577711)


def build_tokenizer(corpus: list[str]) -> CLIPTokenizer:
    """Return a CLIP tokenizer with each word of `corpus` as one token; other text falls into pieces, never unknown."""
    blank = CLIPTokenizer().backend_tokenizer
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.normalizer, bpe.pre_tokenizer = blank.normalizer, blank.pre_tokenizer
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=4000, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False
    )
    bpe.train_from_iterator([*corpus, *(f"{letter} " for letter in map(chr, range(97, 123)))], trainer)
    learnt = bpe.to_str()
    vocabulary, merges = _words(learnt)
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=CONTEXT_TOKENS)


def _words(tokenizer_json: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return vocabulary and merges laid out as CLIP's are: letters, letters that end a word, words, the two marks."""
    model = json.loads(tokenizer_json)["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    return {token: index for index, token in enumerate(tokens)}, [(a, b) for a, b in merges]


def build_model(tokenizer: CLIPTokenizer, seed: int) -> CLIPModel:
    """Return the untrained model: about 1.8 million parameters, quick_gelu as in the original."""
    torch.manual_seed(seed)
    marks = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    text = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": CONTEXT_TOKENS, "hidden_act": "quick_gelu",
        "projection_dim": 128, **marks,
    }  # fmt: skip
    vision = {
        "hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 5, "num_attention_heads": 4,
        "image_size": IMAGE_SIZE_PX, "patch_size": PATCH_SIZE_PX, "hidden_act": "quick_gelu", "projection_dim": 128,
    }  # fmt: skip
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=128))


def build_preprocess() -> CLIPImageProcessor:
    """Return CLIP's preprocessing at this model's size."""
    size = {"height": IMAGE_SIZE_PX, "width": IMAGE_SIZE_PX}
    return CLIPImageProcessor(
        do_resize=True, size={"shortest_edge": IMAGE_SIZE_PX}, resample=3, do_center_crop=True, crop_size=size,
        do_rescale=True,
        do_normalize=True, image_mean=list(MEAN), image_std=list(STD), do_convert_rgb=True,
    )  # fmt: skip


def save(model: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the checkpoint as the Hugging Face hub lays one out."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    build_preprocess().save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)
