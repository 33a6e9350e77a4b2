"""A tagging service on ONNX Runtime for comparison: the same web stack, labels and formulas, without torch.

It has no limits, problem documents or cache of labels, so its cost is a lower bound for such a service.
"""

import io
import json
import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnxruntime
from aws_lambda_powertools import Logger
from fastapi import FastAPI, Form, UploadFile
from mangum import Mangum
from PIL import Image
from safetensors.numpy import load_file
from tokenizers import Tokenizer

logger = Logger(service="bench")
_baked = Path(os.environ["BAKED"])
_groups = json.loads((_baked / "labels.json").read_text())["groups"]
_embeddings = load_file(_baked / "labels.safetensors")
_scale = json.loads((_baked / "manifest.json").read_text())["logit_scale"]
_fields = json.loads((_baked / "preprocess.json").read_text())
_std = np.asarray(_fields["std"], np.float32)
_factor = np.float32(_fields["rescale_factor"]) / _std
_shift = -np.asarray(_fields["mean"], np.float32) / _std

_options = onnxruntime.SessionOptions()
_options.intra_op_num_threads = len(os.sched_getaffinity(0))


def _load(path: str) -> Any:
    return onnxruntime.InferenceSession(path, _options, providers=["CPUExecutionProvider"])


_session = _load(os.environ["MODEL"])
app = FastAPI()
handler = Mangum(app, lifespan="off")


def encode(pixels: Any) -> Any:
    """Return the embeddings of normalised pixels, shape (n, 3, 224, 224)."""
    return _session.run(None, {"pixels": pixels})[0]


@cache
def _text_tower() -> tuple[Any, Any]:
    """Return the tokenizer and the text tower, loaded at first use."""
    tokenizer = Tokenizer.from_file(str(_baked / "tokenizer.json"))
    tokenizer.enable_padding()
    return tokenizer, _load(os.environ["TEXT_MODEL"])


def encode_texts(texts: list[str]) -> Any:
    """Return the embeddings of texts, shape (n, 512)."""
    tokenizer, session = _text_tower()
    encodings = tokenizer.encode_batch(texts)
    inputs = {
        "ids": np.array([encoding.ids for encoding in encodings]),
        "mask": np.array([encoding.attention_mask for encoding in encodings]),
    }
    return session.run(None, inputs)[0]


@app.post("/tag")
def tag(
    file: Annotated[UploadFile, "the picture"], candidate_labels: Annotated[str, Form()] = ""
) -> list[dict[str, Any]]:
    """Return every label with its score, best first."""
    embedding = encode(_preprocess(file.file.read()))[0]
    if candidate_labels:
        return _own_labels(embedding, candidate_labels.split(","))
    scores: dict[str, float] = {}
    tags = []
    for group in _groups:
        embeddings, share = _embeddings[group["name"]], 1.0
        if group["parent"]:
            owner = max(group["parent_labels"], key=scores.__getitem__)
            embeddings, share = embeddings[group["parent_labels"].index(owner)], scores[owner]
        probabilities = share * _probabilities(_scale * (embeddings @ embedding), group)
        scores |= dict(zip(group["labels"], probabilities.tolist(), strict=True))
        tags += [{"label": label, "score": scores[label], "group": group["name"]} for label in group["labels"]]
    logger.info("request", extra={"top_tag": tags[0]["label"]})
    return sorted(tags, key=lambda tag: -float(tag["score"]))


def _probabilities(logits: Any, group: dict[str, Any]) -> Any:
    """Return the probability of each label of a group: docs/adr/0003-scores.md."""
    labels, contexts = len(group["labels"]), len(group["context"])
    beside = labels + len(group["background"]) + contexts
    exponentials = np.exp(logits - logits.max())
    best = np.column_stack([exponentials[:labels], exponentials[beside:].reshape(labels, contexts)]).max(axis=1)
    presence = best.max() / (best.max() + exponentials[labels:beside].sum())
    return presence * best / best.sum()


def _own_labels(embedding: Any, labels: list[str]) -> list[dict[str, Any]]:
    """Return the caller's labels with their scores, best first."""
    logits = _scale * (encode_texts([f"a photo of a {label}." for label in labels]) @ embedding)
    exponentials = np.exp(logits - logits.max())
    scores = (exponentials / exponentials.sum()).tolist()
    tags = [{"label": label, "score": score} for label, score in zip(labels, scores, strict=True)]
    return sorted(tags, key=lambda tag: -float(tag["score"]))


def _preprocess(data: bytes) -> Any:
    """Return normalised pixels, (1, 3, side, side)."""
    file = Image.open(io.BytesIO(data))
    side = _fields["shortest_edge"]
    file.draft("RGB", (2 * side, 2 * side))
    image = file.convert("RGB")
    short = min(image.size)
    width, height = (side * length // short for length in image.size)
    left, top = (width - side) // 2, (height - side) // 2
    image = image.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + side, top + side))
    return (np.asarray(image, np.float32) * _factor + _shift).transpose(2, 0, 1)[None]
