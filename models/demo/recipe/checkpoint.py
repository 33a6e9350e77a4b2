"""The parts of models/demo: a small `transformers.CLIPModel`, a tokenizer for its captions, and its preprocessing."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

IMAGE_SIZE_PX, PATCH_SIZE_PX = 72, 9
CONTEXT_TOKENS = 32  # enough for labels that the tokenizer splits into letters
MEAN = (0.48145466, 0.4578275, 0.40821073)  # openai/CLIP's, so that the service's normalisation is used
STD = (0.26862954, 0.26130258, 0.27577711)


def build_tokenizer(corpus: list[str]) -> CLIPTokenizer:
    """Return a CLIP tokenizer with each word of `corpus` as one token. Other words are split into shorter tokens."""
    blank = CLIPTokenizer().backend_tokenizer
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.normalizer, bpe.pre_tokenizer = blank.normalizer, blank.pre_tokenizer
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=4000, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False
    )
    bpe.train_from_iterator([*corpus, *(f"{letter} " for letter in map(chr, range(97, 123)))], trainer)
    merges = [tuple(merge) for merge in json.loads(bpe.to_str())["model"]["merges"]]
    # CLIP's order: letters, letters that end a word, merges, the two marks.
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges)]
    vocabulary = {token: i for i, token in enumerate([*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=CONTEXT_TOKENS)


def build_model(tokenizer: CLIPTokenizer, seed: int) -> CLIPModel:
    """Return the untrained model: about 1.3 million parameters, quick_gelu as in the original."""
    torch.manual_seed(seed)
    text = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": CONTEXT_TOKENS, "hidden_act": "quick_gelu",
        "projection_dim": 128, "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    vision = {
        "hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 5, "num_attention_heads": 4,
        "image_size": IMAGE_SIZE_PX, "patch_size": PATCH_SIZE_PX, "hidden_act": "quick_gelu", "projection_dim": 128,
    }  # fmt: skip
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=128))
    model.set_attn_implementation("eager")  # in bfloat16 on a CPU twice as fast as the fused one
    return model


def save(model: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the checkpoint in the layout of the Hugging Face hub."""
    size = {"height": IMAGE_SIZE_PX, "width": IMAGE_SIZE_PX}
    preprocess = CLIPImageProcessor(
        do_resize=True, size={"shortest_edge": IMAGE_SIZE_PX}, resample=3, do_center_crop=True, crop_size=size,
        do_rescale=True, do_normalize=True, image_mean=list(MEAN), image_std=list(STD), do_convert_rgb=True,
    )  # fmt: skip
    for part in (model, tokenizer, preprocess):
        part.save_pretrained(folder)
    for file in folder.glob("*"):
        if file.is_file():
            file.chmod(0o644)
