"""Real checkpoints from the hub give the values that Transformers and open_clip publish for them.

`make test-weights` runs this where the hub and the pictures can be reached; it is listed as skipped elsewhere. The same
comparisons run on small checkpoints in test_checks.py.
"""

import math
import os
from pathlib import Path

import httpx2
import pytest

from function import bake
from function.clip.image_encoder import DtypeName
from function.model.baked_folder import verify
from function.model.checkpoint import DEFAULT_MODEL, DEFAULT_REVISION, Checkpoint
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS
from tests.support.open_clip import library
from tests.weights import checks

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(os.environ.get("TEST_WEIGHTS") != "1", reason="needs the hub: run make test-weights"),
]

# The picture and the logits of tests/models/clip/test_modeling_clip.py in Transformers: two cats on a sofa.
PICTURE_URL = "http://images.cocodataset.org/val2017/000000039769.jpg"
CAT, DOG = "a photo of a cat", "a photo of a dog"
LOGITS = {CAT: 24.5701, DOG: 19.3049}
# The usage example in open_clip's README: "Label probs" of docs/CLIP.png with this checkpoint, `[[1., 0., 0.]]`.
OPEN_CLIP_MODEL = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
DIAGRAM_URL = "https://raw.githubusercontent.com/mlfoundations/open_clip/main/docs/CLIP.png"
DIAGRAM_SCORES = {"a diagram": 1.0, "a dog": 0.0, "a cat": 0.0}


@pytest.fixture(scope="module")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "model"
    assert bake.main(["--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def picture() -> bytes:
    return download(PICTURE_URL)


def download(url: str) -> bytes:
    response = httpx2.get(url, timeout=60)
    response.raise_for_status()
    return response.content


def test_is_the_pinned_checkpoint(real_model: Path) -> None:
    manifest = verify(real_model)
    assert (manifest.model_id, manifest.revision) == (DEFAULT_MODEL, DEFAULT_REVISION)
    assert manifest.logit_scale == pytest.approx(100.0, abs=0.01)


@pytest.mark.parametrize(("dtype", "within"), [("float32", 1e-3), ("bfloat16", 0.3)])
def test_gives_the_published_logits(real_model: Path, picture: bytes, dtype: DtypeName, within: float) -> None:
    options = TagOptions(candidate_labels=(CAT, DOG), hypothesis_template="{}", function_to_apply="none")
    tags = Tagger.load(real_model, dtype, MAX_PIXELS).tag(picture, options).tags
    assert {tag.label: tag.score for tag in tags} == pytest.approx(LOGITS, abs=within)


def test_tags_two_cats_as_a_cat(real_model: Path, picture: bytes) -> None:
    assert checks.load(real_model).tag(picture).tags[0].label == "cat"


def test_own_labels_give_the_published_probability(real_model: Path, picture: bytes) -> None:
    scores = checks.own_label_scores(checks.load(real_model), picture, ("cat", "dog"), "a photo of a {}")
    assert scores["cat"] == pytest.approx(1 / (1 + math.exp(LOGITS[DOG] - LOGITS[CAT])), abs=1e-3)


def test_texts_and_own_labels_agree_with_transformers(real_model: Path, picture: bytes) -> None:
    checkpoint, tagger = Checkpoint.named(DEFAULT_MODEL, None).download().files, checks.load(real_model)
    checks.check_texts_against_transformers(tagger, checkpoint)
    checks.check_own_labels_against_transformers(tagger, checkpoint, picture)


def test_open_clip_checkpoint_gives_the_published_probabilities(tmp_path: Path) -> None:
    checkpoint = checks.download_open_clip(OPEN_CLIP_MODEL, tmp_path / "checkpoint")
    baked, diagram = checks.bake_checkpoint(checkpoint, tmp_path / "baked"), download(DIAGRAM_URL)
    scores = checks.own_label_scores(checks.load(baked), diagram, list(DIAGRAM_SCORES))
    assert scores == pytest.approx(DIAGRAM_SCORES, abs=0.01)
    with library() as open_clip:
        tokenize = open_clip.get_tokenizer("ViT-B-32")
        checks.check_cosines_against_open_clip(open_clip, checkpoint, baked, diagram, tokenize)
