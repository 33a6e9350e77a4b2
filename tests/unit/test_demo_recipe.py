"""The recipe of models/demo: drawings, captions, photographs, loss, augmentation, and a short training."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from models.demo.recipe import photographs
from models.demo.recipe.captions import CaptionSource, Claim, Facts, truth
from models.demo.recipe.checkpoint import build_model, build_tokenizer
from models.demo.recipe.dataset import Dataset, build
from models.demo.recipe.draw import FURS, draw
from models.demo.recipe.icons import HELD_OUT_SETS, TRAIN_SETS, label_of
from models.demo.recipe.learning import augment, contrastive_loss
from models.demo.recipe.photographs import Photographs
from models.demo.recipe.things import CONTEXTS
from models.demo.recipe.train import Trainer, rate_share

CHELSEA = Path(__file__).parents[1] / "support" / "chelsea.webp"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("dataset") / "pictures.npy"
    return build(path, range(40), [], Photographs.read([CHELSEA]), workers=1)


@pytest.fixture(scope="module")
def captions(dataset: Dataset) -> CaptionSource:
    return CaptionSource(dataset.details())


@pytest.fixture(scope="module")
def tokenizer(captions: CaptionSource) -> CLIPTokenizer:
    return build_tokenizer(captions.corpus())


@pytest.fixture
def trainer(dataset: Dataset, captions: CaptionSource, tokenizer: CLIPTokenizer) -> Callable[[int], Trainer]:
    def build_trainer(steps: int) -> Trainer:
        model = build_model(tokenizer, seed=0)
        return Trainer(model, tokenizer, captions, dataset, dataset, 1, steps, batch=16, thread_count=2)

    return build_trainer


def test_loss_equals_clips_if_each_picture_has_one_caption() -> None:
    logits = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    truths = 2 * torch.eye(5, dtype=torch.int8) - 1
    own = torch.arange(5)
    clip = (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
    assert contrastive_loss(logits, truths) == pytest.approx(clip.item(), abs=1e-6)


def test_loss_ignores_unknown_claims() -> None:
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    truths = torch.tensor([[1, -1, -1, 0], [-1, 1, -1, 0], [-1, -1, 1, 0]])
    changed = logits.clone()
    changed[:, 3] += 50
    assert contrastive_loss(changed, truths) == contrastive_loss(logits, truths)


@pytest.mark.parametrize(
    ("claim", "facts", "expected"),
    [
        (Claim("cat", (), detail="long-hair"), Facts("cat", frozenset(), complete=False), 0),
        (Claim("cat", (), detail="long-hair"), Facts("cat", frozenset({"short-hair"})), -1),
        (Claim("cat", (), detail="long-hair"), Facts("cat", frozenset({"long-hair"})), 1),
        (Claim("cat", ()), Facts("cat", frozenset(), "sofa"), 1),
        (Claim("sofa", ()), Facts("cat", frozenset(), "sofa"), 0),
        (Claim("table", ()), Facts("cat", frozenset(), "sofa"), -1),
        (Claim("cat", (), context="sofa"), Facts("cat", frozenset(), "sofa"), 1),
        (Claim("cat", (), context="sofa"), Facts("cat", frozenset(), complete=False), -1),
        (Claim("cat", (), context="sofa"), Facts("sofa", frozenset()), -1),
    ],
)
def test_a_caption_is_true_false_or_unknown(claim: Claim, facts: Facts, expected: int) -> None:
    assert truth(claim, facts) == expected


def test_parts_of_a_batch_give_the_gradient_of_the_whole(
    trainer: Callable[[int], Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    gradients = []
    for parts in (1, 8):
        monkeypatch.setattr("models.demo.recipe.train.PARTS", parts)
        one = trainer(1)
        one.run(report=1)
        gradient = one.model.vision_model.embeddings.patch_embedding.weight.grad
        assert gradient is not None
        gradients.append(gradient)
    whole, in_parts = (gradient.flatten() for gradient in gradients)
    assert functional.cosine_similarity(whole, in_parts, dim=0) > 0.999  # in bfloat16
    assert in_parts.norm() == pytest.approx(float(whole.norm()), rel=0.02)


def test_training_lowers_the_loss_and_repeats_exactly(trainer: Callable[[int], Trainer]) -> None:
    def train() -> tuple[list[dict[str, float]], CLIPModel]:
        one = trainer(8)
        one.learn_words(steps=2)
        one.run(report=4)
        return one.history, one.model

    (first, model), (second, again) = train(), train()
    assert first[-1]["loss"] < first[0]["loss"]
    assert [entry["loss"] for entry in first] == [entry["loss"] for entry in second]
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_pictures_are_read_back_from_the_cache(tmp_path: Path) -> None:
    path = tmp_path / "pictures.npy"
    one = build(path, range(8), [], Photographs([], []), workers=1)
    again = build(path, range(8), [], Photographs([], []), workers=1)
    assert one.facts == again.facts
    assert np.array_equal(one.pixels, again.pixels)


def test_the_rate_rises_stays_and_falls() -> None:
    shares = [rate_share(step, 1000) for step in range(1, 1001)]
    assert shares[0] < 0.1
    assert shares[150] == shares[280] == 1.0
    assert shares[600] == pytest.approx(0.58, abs=0.02)
    assert 0 < shares[-1] < 0.02


def test_a_seed_always_draws_the_same_picture() -> None:
    for content in (("cat", "long-hair", "sofa"), ("snake", None, "room"), ("car", None, None), ("room", None, None)):
        one, again = draw(5, *content), draw(5, *content)
        assert np.array_equal(np.asarray(one.image), np.asarray(again.image))
        assert (one.label, one.fur, one.context) == content
    assert {draw(seed, "dog").fur for seed in range(20)} == set(FURS)


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_changes_the_picture_of_a_pet(context: str) -> None:
    alone, beside = draw(7, "dog", "short-hair"), draw(7, "dog", "short-hair", context)
    assert not np.array_equal(np.asarray(alone.image), np.asarray(beside.image))


def test_a_batch_is_varied_within_bounds_and_never_upside_down() -> None:
    """A picture bright above and dark below stays so, and the same generator gives the same batch."""
    ramp = torch.linspace(0.8, 0.2, 72).view(1, 1, 72, 1).expand(32, 3, 72, 72)
    varied = augment(ramp, torch.Generator().manual_seed(0))
    assert varied.shape == ramp.shape
    assert 0 <= varied.min() <= varied.max() <= 1
    assert (varied[:, :, :20].mean((1, 2, 3)) > varied[:, :, -20:].mean((1, 2, 3))).all()
    assert torch.equal(varied, augment(ramp, torch.Generator().manual_seed(0)))
    assert not torch.equal(varied[0], varied[1])


def test_photographs_are_read_from_image_and_resource_files(tmp_path: Path) -> None:
    """A Qt resource file stores its WebP images unchanged between other bytes."""
    photograph = CHELSEA.read_bytes()
    (tmp_path / "activity.rcc").write_bytes(b"qres" + photograph + b"names" + photograph + b"RIFF")
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 4), np.uint8)
    Image.fromarray(noise, "RGBA").save(tmp_path / "stamp.png")
    sources = Photographs.read(sorted(tmp_path.iterdir()))
    assert [image.mode for image in (*sources.images, *sources.cut_outs)] == ["RGB", "RGB", "RGBA"]
    assert min(sources.images[0].size) == photographs.STORED_PX


def test_photographs_become_square_pictures_of_every_kind() -> None:
    sources = Photographs.read([CHELSEA])
    pictures = [sources.picture(Random(seed)) for seed in range(30)]  # noqa: S311 no secrets
    assert all(picture.mode == "RGB" and picture.width == picture.height for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 30


def test_no_source_is_both_trained_on_and_held_out() -> None:
    assert not TRAIN_SETS.keys() & HELD_OUT_SETS.keys()
    trained = {(package, pattern) for package, patterns in photographs.TRAIN.items() for pattern in patterns}
    held_out = {(package, pattern) for package, patterns in photographs.HELD_OUT.items() for pattern in patterns}
    assert not trained & held_out


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("cat-face", "cat"),
        ("guide-dog", "dog"),
        ("hot-dog", None),
        ("catfish", None),
        ("fish-cake", None),
        ("owl", "bird"),
        ("potted-plant", "plant"),
    ],
)
def test_icons_are_labelled_by_their_names(name: str, label: str | None) -> None:
    assert label_of(name) == label
