"""Comparisons of a baked checkpoint with Transformers and open_clip.

`test_reference.py` runs them on real checkpoints from the hub, `test_checks.py` on small ones with random weights.
"""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import torch.nn.functional as F
from huggingface_hub import HfApi, snapshot_download
from PIL import Image
from torch import Tensor
from transformers import CLIPImageProcessorPil, CLIPModel

from function import bake
from function.clip.normalise import Normalise
from function.images.preprocess import preprocess
from function.model import open_clip as format_of_open_clip
from function.model.baked_folder import BakedModel
from function.model.checkpoint import open_clip_weights
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS
from tests.support.towers import TOLERANCE, text_embeddings

TEXTS = ("a photo of a cat", "Two DOGS, on a sofa!", "", "Katze 猫 🐈", "fluffy " * 12)


def load(baked: Path) -> Tagger:
    """Return the tagger of a baked folder."""
    return Tagger.load(baked, "float32", MAX_PIXELS)


def own_label_scores(tagger: Tagger, picture: bytes, labels: Sequence[str], template: str = "{}") -> dict[str, float]:
    """Return the scores of the caller's own labels."""
    options = TagOptions(candidate_labels=tuple(labels), hypothesis_template=template)
    return {tag.label: tag.score for tag in tagger.tag(picture, options).tags}


def check_texts_against_transformers(tagger: Tagger, checkpoint: Path) -> None:
    """Fail unless text embeddings agree with those of Transformers."""
    torch.testing.assert_close(
        tagger.embed_texts(TEXTS).vectors, text_embeddings(checkpoint, TEXTS), atol=TOLERANCE, rtol=0
    )


def check_own_labels_against_transformers(tagger: Tagger, checkpoint: Path, picture: bytes) -> None:
    """Fail unless the scores of own labels agree with a plain computation in Transformers."""
    labels, template = ("cat", "dog", "remote control", "pink sofa"), "a photo of a {}."
    texts = text_embeddings(checkpoint, [template.format(label) for label in labels])
    model = CLIPModel.from_pretrained(checkpoint).eval()
    pixels = CLIPImageProcessorPil.from_pretrained(checkpoint)(Image.open(io.BytesIO(picture)), return_tensors="pt")
    with torch.inference_mode():
        image = F.normalize(model.get_image_features(**pixels).pooler_output[0], dim=-1)
        expected = (model.logit_scale.exp() * (texts @ image)).softmax(dim=0)
    scores = own_label_scores(tagger, picture, labels, template)
    torch.testing.assert_close(torch.tensor([scores[label] for label in labels]), expected, atol=1e-3, rtol=0)


def download_open_clip(model_id: str, folder: Path, endpoint: str | None = None) -> Path:
    """Download only the files in open_clip's format: many repositories have Transformers' format too."""
    names = [file.rfilename for file in HfApi(endpoint=endpoint).model_info(model_id).siblings or []]
    needed = [*open_clip_weights(names), format_of_open_clip.CONFIG, "tokenizer*.json", "vocab.json", "merges.txt"]
    snapshot_download(model_id, allow_patterns=needed, local_dir=folder, endpoint=endpoint)
    return folder


def bake_checkpoint(checkpoint: Path, out: Path) -> Path:
    """Return the baked folder of a checkpoint folder."""
    assert bake.main(["--model", str(checkpoint), "--out", str(out)]) == 0
    return out


def check_cosines_against_open_clip(
    open_clip: Any, checkpoint: Path, baked: Path, picture: bytes, tokenize: Callable[[list[str]], Tensor]
) -> None:
    """Fail unless the cosines of texts with a picture agree with those that open_clip computes."""
    settings = json.loads((checkpoint / format_of_open_clip.CONFIG).read_text())
    reference = open_clip.CLIP(**settings["model_cfg"]).eval()
    (weights,) = open_clip_weights([path.name for path in checkpoint.iterdir()])
    read = safetensors.torch.load_file if weights.endswith(".safetensors") else _load_pickle
    reference.load_state_dict(read(checkpoint / weights))
    model, texts = BakedModel.open(baked), list(TEXTS[:3])
    pixels = Normalise(model.preprocess)([preprocess(picture, model.preprocess, MAX_PIXELS).planes])
    with torch.inference_mode():
        image = F.normalize(reference.encode_image(pixels), dim=-1)[0]
        expected = F.normalize(reference.encode_text(tokenize(texts)), dim=-1) @ image
    tagger = load(baked)
    ours = tagger.embed_texts(texts).vectors @ tagger.embed_image(picture).vectors[0]
    torch.testing.assert_close(ours, expected, atol=TOLERANCE, rtol=0)


def _load_pickle(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)
