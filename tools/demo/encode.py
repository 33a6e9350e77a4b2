"""Encode pictures and captions as unit embeddings during training, and measure the accuracy."""

import torch
from torch import Tensor
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from tools.demo.augment import normalise
from tools.demo.captions import CaptionSource
from tools.demo.draw import PETS
from tools.demo.pool import PicturePool


def encode_pictures(model: CLIPModel, pixels: Tensor) -> Tensor:
    """Return unit picture embeddings."""
    with torch.autocast("cpu", torch.bfloat16):
        features = model.visual_projection(model.vision_model(pixels).pooler_output)
    return functional.normalize(features.float(), dim=-1)


def encode_captions(model: CLIPModel, tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Return unit caption embeddings."""
    tokens = tokenizer(captions, padding=True, return_tensors="pt")
    with torch.autocast("cpu", torch.bfloat16):
        features = model.text_projection(model.text_model(**tokens).pooler_output)
    return functional.normalize(features.float(), dim=-1)


def pixels_of(pool: PicturePool, rows: Tensor) -> Tensor:
    """Return pictures of the pool as values 0 to 1, shape (n, 3, size, size)."""
    return torch.from_numpy(pool.pixels[rows.numpy()]).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def accuracy(
    model: CLIPModel, tokenizer: CLIPTokenizer, captions: CaptionSource, pool: PicturePool
) -> dict[str, float]:
    """Return top-1 among all labels, and among the right animal's coats; first templates only."""
    facts = pool.facts
    batches = torch.split(torch.arange(len(facts)), 256)
    pictures = torch.cat([encode_pictures(model, normalise(pixels_of(pool, rows))) for rows in batches])
    words = [captions.pet_templates[0].replace("{}", claim.words[0]) for claim in captions.labels]
    coats = [captions.fur_templates[0].replace("{}", claim.words[0]) for claim in captions.furs]
    best = (pictures @ encode_captions(model, tokenizer, words).T).argmax(1).tolist()
    by_coat = (pictures @ encode_captions(model, tokenizer, coats).T).tolist()
    right = [captions.labels[i].label == known.label for i, known in zip(best, facts, strict=True)]
    pets = [hit for hit, known in zip(right, facts, strict=True) if known.label in PETS]
    furs = []
    for scores, known in zip(by_coat, facts, strict=True):
        own = [pair for pair in zip(scores, captions.furs, strict=True) if pair[1].label == known.label]
        if own:
            furs.append(max(own, key=lambda pair: pair[0])[1].detail in known.details)
    return {name: sum(hits) / len(hits) for name, hits in (("all", right), ("pet", pets), ("fur", furs))}
