"""The tagger's scores equal those of a plain computation with Transformers."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer, pipeline

from function.tagging.labels import LabelSet
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS
from tests.support.programs import MODEL, ROOT

ALL = TagOptions(min_score=0)


class PlainTransformers:
    """The documented formulas, implemented with Transformers only."""

    def __init__(self, checkpoint: Path) -> None:
        self.model = CLIPModel.from_pretrained(checkpoint).eval()
        self.processor = CLIPImageProcessorPil.from_pretrained(checkpoint)
        self.tokenizer = CLIPTokenizer.from_pretrained(checkpoint)

    @torch.inference_mode()
    def logits(self, image: Image.Image, words: list[str], templates: tuple[str, ...]) -> torch.Tensor:
        pixels = self.processor(image, return_tensors="pt")
        image_embedding = self.model.get_image_features(**pixels).pooler_output[0]
        rows = []
        for each in words:
            tokens = self.tokenizer(
                [template.format(each) for template in templates], padding=True, return_tensors="pt"
            )
            embeddings = self.model.get_text_features(**tokens).pooler_output
            rows.append((embeddings / embeddings.norm(dim=1, keepdim=True)).mean(dim=0))
        text = torch.stack(rows)
        cosines = (text / text.norm(dim=1, keepdim=True)) @ (image_embedding / image_embedding.norm())
        logits: torch.Tensor = self.model.logit_scale.exp() * cosines
        return logits

    def scores(self, image: Image.Image) -> dict[str, float]:
        pet, fur = LabelSet.read().groups
        best = torch.stack(
            [
                self.logits(
                    image, [words, *(f"{words} with a {context}" for context in pet.context)], pet.templates
                ).max()
                for words in pet.labels.values()
            ]
        )
        competitors = self.logits(image, [*pet.background, *pet.context], pet.templates)
        presence = torch.cat([best.max()[None], competitors]).softmax(0)[0]
        scores = dict(zip(pet.labels, (presence * best.softmax(0)).tolist(), strict=True))
        furred = max(fur.parent_labels, key=lambda label: scores[label])
        coats = [words.replace("{parent}", pet.labels[furred]) for words in fur.labels.values()]
        coat_scores = scores[furred] * self.logits(image, coats, fur.templates).softmax(0)
        return scores | dict(zip(fur.labels, coat_scores.tolist(), strict=True))


@pytest.fixture(scope="module", params=["random", "demo"])
def checkpoint(request: pytest.FixtureRequest, small_checkpoint: Path) -> Path:
    """A checkpoint with random weights, and the trained one, whose logit scale is sharper."""
    return small_checkpoint if request.param == "random" else ROOT / MODEL


@pytest.fixture(scope="module")
def tagger(checkpoint: Path, small_checkpoint: Path, small_tagger: Tagger, demo_tagger: Tagger) -> Tagger:
    return small_tagger if checkpoint == small_checkpoint else demo_tagger


@pytest.fixture(scope="module")
def plain(checkpoint: Path) -> PlainTransformers:
    return PlainTransformers(checkpoint)


@pytest.fixture(scope="module")
def classify(checkpoint: Path) -> Any:
    return pipeline("zero-shot-image-classification", model=str(checkpoint), device="cpu")


def test_scores_agree_with_plain_transformers(
    tagger: Tagger, plain: PlainTransformers, cat_photo: Image.Image, cat_png: bytes
) -> None:
    actual = {tag.label: tag.score for tag in tagger.tag(cat_png, ALL).tags}
    assert actual == pytest.approx(plain.scores(cat_photo), abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "template"),
    [
        (("a tabby cat", "two remotes", "snow"), "This is a photo of {}."),
        (tuple(f"animal number {i}" for i in range(100)), "a {}, seen from afar"),
        (("a", "a label that is a good deal longer than the other", "猫"), "{}"),
    ],
    ids=["few", "a hundred", "padded"],
)
def test_own_labels_agree_with_the_pipeline(
    tagger: Tagger,
    classify: Any,
    cat_photo: Image.Image,
    cat_png: bytes,
    labels: tuple[str, ...],
    template: str,
) -> None:
    answers = classify(cat_photo, candidate_labels=list(labels), hypothesis_template=template)
    expected = {item["label"]: item["score"] for item in answers}
    assert len(expected) == len(labels)
    actual = tagger.tag(cat_png, TagOptions(candidate_labels=labels, hypothesis_template=template)).tags
    assert {tag.label: tag.score for tag in actual} == pytest.approx(expected, abs=1e-4)


def test_equal_input_gives_equal_output(small_tagger: Tagger, cat_jpeg: bytes) -> None:
    assert small_tagger.tag(cat_jpeg).tags == small_tagger.tag(cat_jpeg).tags


def test_phases_are_timed(small_model: Path, cat_jpeg: bytes) -> None:
    tagger = Tagger.load(small_model, "float32", MAX_PIXELS)
    own = TagOptions(candidate_labels=("a", "b"))
    answers = [tagger.tag(cat_jpeg), tagger.tag(cat_jpeg, own), tagger.tag(cat_jpeg, own)]
    built_in, first, second = (answer.milliseconds for answer in answers)
    assert set(built_in) == {"decode", "wait", "encode", "score"}
    assert set(first) == set(built_in) | {"load", "text"}
    assert set(second) == set(built_in) | {"text"}
    assert all(value >= 0 for phases in (built_in, first, second) for value in phases.values())
