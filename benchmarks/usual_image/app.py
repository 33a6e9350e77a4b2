"""The usual service: every request goes through `CLIPProcessor` and both towers of `CLIPModel`."""

import io
import os
from typing import Annotated, Any

import torch
from fastapi import FastAPI, Form, UploadFile
from mangum import Mangum
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

LABELS = ["cat", "dog", "hamster", "rabbit", "bird", "fish", "turtle", "snake", "lizard"]
LABELS += ["long-haired cat", "medium-haired cat", "short-haired cat"]
TEXTS = [f"a photo of a {label}." for label in LABELS]

model = CLIPModel.from_pretrained(os.environ["MODEL"]).eval()
processor = CLIPProcessor.from_pretrained(os.environ["MODEL"])
app = FastAPI()
handler = Mangum(app, lifespan="off")


@app.post("/tag")
def tag(
    file: Annotated[UploadFile, "the picture"], candidate_labels: Annotated[str, Form()] = ""
) -> list[dict[str, Any]]:
    """Return every label with its score, best first."""
    image = Image.open(io.BytesIO(file.file.read())).convert("RGB")
    labels = candidate_labels.split(",") if candidate_labels else LABELS
    texts = [f"a photo of a {label}." for label in labels]
    inputs = processor(text=texts, images=image, return_tensors="pt", padding=True)
    with torch.no_grad():
        scores = model(**inputs).logits_per_image.softmax(dim=1)[0]
    tags = [{"label": label, "score": score} for label, score in zip(labels, scores.tolist(), strict=True)]
    return sorted(tags, key=lambda tag: -float(str(tag["score"])))
