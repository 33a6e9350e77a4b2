"""Transformers' own pipeline as a service."""

import io
import os
from typing import Annotated, Any

from fastapi import FastAPI, UploadFile
from mangum import Mangum
from PIL import Image
from transformers import pipeline

LABELS = ["cat", "dog", "hamster", "rabbit", "bird", "fish", "turtle", "snake", "lizard"]
LABELS += ["long-haired cat", "medium-haired cat", "short-haired cat"]

classify: Any = pipeline("zero-shot-image-classification", model=os.environ["MODEL"])
app = FastAPI()
handler = Mangum(app, lifespan="off")


@app.post("/tag")
def tag(file: Annotated[UploadFile, "the picture"]) -> Any:
    """Return every label with its score, best first."""
    image = Image.open(io.BytesIO(file.file.read())).convert("RGB")
    return classify(image, candidate_labels=LABELS)
