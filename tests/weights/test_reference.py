"""The real checkpoint, from the hub, gives the logits that Transformers publishes for it.

`make test-weights` runs this where the hub and the COCO image can be reached; it is listed as skipped elsewhere.
"""

import os
from pathlib import Path

import httpx2
import pytest
import torch

from function import bake
from function.clip.image_encoder import DtypeName, ImageEncoder
from function.clip.normalise import Normalise
from function.clip.text_encoder import TextEncoder
from function.images.preprocess import preprocess
from function.model.baked_folder import BakedModel, verify
from function.model.checkpoint import DEFAULT_MODEL, DEFAULT_REVISION
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(os.environ.get("TEST_WEIGHTS") != "1", reason="needs the hub: run make test-weights"),
]

# The picture and the logits of tests/models/clip/test_modeling_clip.py in Transformers: two cats on a sofa.
PICTURE_URL = "http://images.cocodataset.org/val2017/000000039769.jpg"
TEXTS = ("a photo of a cat", "a photo of a dog")
EXPECTED_LOGITS = torch.tensor([24.5701, 19.3049])


@pytest.fixture(scope="module")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "model"
    assert bake.main(["--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def picture() -> bytes:
    response = httpx2.get(PICTURE_URL, timeout=60)
    response.raise_for_status()
    return response.content


def logits(model_dir: Path, picture: bytes, dtype: DtypeName) -> torch.Tensor:
    model = BakedModel.open(model_dir)
    encode_image = ImageEncoder(model.vision_weights(), model.manifest.vision, dtype)
    image = preprocess(picture, model.preprocess, MAX_PIXELS)
    image_embedding = encode_image(Normalise(model.preprocess)([image.planes]))[0]
    text_embeddings = TextEncoder(model.text_weights(), model_dir / "tokenizer.json", model.manifest.text)(TEXTS)
    return model.manifest.logit_scale * (text_embeddings @ image_embedding)


def test_is_the_pinned_checkpoint(real_model: Path) -> None:
    manifest = verify(real_model)
    assert (manifest.model_id, manifest.revision) == (DEFAULT_MODEL, DEFAULT_REVISION)
    assert manifest.logit_scale == pytest.approx(100.0, abs=0.01)


def test_gives_the_published_logits(real_model: Path, picture: bytes) -> None:
    torch.testing.assert_close(logits(real_model, picture, "float32"), EXPECTED_LOGITS, atol=1e-3, rtol=0)


def test_bfloat16_stays_close_to_them(real_model: Path, picture: bytes) -> None:
    torch.testing.assert_close(logits(real_model, picture, "bfloat16"), EXPECTED_LOGITS, atol=0.3, rtol=0)


def test_tags_two_cats_as_a_cat(real_model: Path, picture: bytes) -> None:
    tagger = Tagger.load(real_model, "float32", MAX_PIXELS)
    assert tagger.tag(picture).tags[0].label == "cat"
    own = TagOptions(candidate_labels=("cat", "dog"), hypothesis_template="a photo of a {}")
    expected = EXPECTED_LOGITS.softmax(dim=0)[0].item()
    assert tagger.tag(picture, own).tags[0].score == pytest.approx(expected, abs=1e-3)
