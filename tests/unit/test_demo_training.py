"""Training of models/demo on a few pictures and steps: loss, augmentation and resuming."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel

from models.demo.recipe import trainer as module
from models.demo.recipe.augment import augment
from models.demo.recipe.captions import CaptionSource, Claim, Facts, truth
from models.demo.recipe.checkpoint import IMAGE_SIZE_PX, build_tokenizer
from models.demo.recipe.draw import FURS, PETS, draw
from models.demo.recipe.icons import HELD_OUT_SETS, TRAIN_SETS, label_of
from models.demo.recipe.loss import contrastive_loss
from models.demo.recipe.optimizers import rate_share
from models.demo.recipe.pool import PicturePool, build
from models.demo.recipe.trainer import Plan, Trainer

SMALL = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> PicturePool:
    return build(tmp_path_factory.mktemp("pool") / "pool.npy", range(40), [], workers=1)


def trainer(pool: PicturePool, folder: Path, steps: int) -> Trainer:
    captions = CaptionSource(pool.kinds(), set(PETS))
    tokenizer = build_tokenizer(captions.corpus())
    torch.manual_seed(0)
    text = {**SMALL, "vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}  # fmt: skip
    vision = {**SMALL, "image_size": IMAGE_SIZE_PX, "patch_size": 24}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
    plan = Plan(steps, batch=8, muon_rate=6e-3, adamw_rate=2e-3, report=2, threads=2, folder=folder)
    return Trainer(plan, pool, pool, captions, tokenizer, model, seed=1)


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


def test_an_icon_may_have_any_coat_and_a_drawing_has_its_own() -> None:
    long_haired = Claim("cat", "long-hair", ("long-haired cat",))
    assert truth(long_haired, Facts("cat", frozenset({"cat"}), complete=False)) == 0
    assert truth(long_haired, Facts("cat", frozenset({"cat", "short-hair"}), complete=True)) == -1
    assert truth(long_haired, Facts("cat", frozenset({"cat", "long-hair"}), complete=True)) == 1
    assert truth(long_haired, Facts("dog", frozenset({"dog"}), complete=False)) == -1


def test_parts_of_a_batch_give_the_gradient_of_the_whole(
    pool: PicturePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared on the patch embedding, nothing varied; as near as bfloat16 is."""
    monkeypatch.setattr(module, "augment", lambda pixels, _generator: pixels)
    gradients = []
    for parts in (1, 3, 8):
        monkeypatch.setattr(module, "PARTS", parts)
        one = trainer(pool, tmp_path, 1)
        one._learn(torch.arange(8))
        gradient = one.model.vision_model.embeddings.patch_embedding.weight.grad
        assert gradient is not None
        gradients.append(gradient.flatten())
    whole, *by_parts = gradients
    for gradient in by_parts:
        assert functional.cosine_similarity(gradient, whole, dim=0) > 0.999
        assert gradient.norm() == pytest.approx(float(whole.norm()), rel=0.02)


def test_resumed_training_equals_an_uninterrupted_one(pool: PicturePool, tmp_path: Path) -> None:
    through = trainer(pool, tmp_path, 4)
    through.run()
    (tmp_path / "broken").mkdir()
    broken = trainer(pool, tmp_path / "broken", 4)
    next_rows = broken._next_rows

    def interrupted() -> torch.Tensor:
        if broken.step == 3:
            raise KeyboardInterrupt
        return next_rows()

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(broken, "_next_rows", interrupted)
        broken.run()
    resumed = trainer(pool, tmp_path / "broken", 4)
    resumed.go_on()
    assert resumed.step == 2
    resumed.run()
    assert [entry["step"] for entry in resumed.history] == [2, 4]
    for (name, one), other in zip(through.model.state_dict().items(), resumed.model.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_the_rate_rises_stays_and_falls() -> None:
    shares = [rate_share(step, 1000) for step in range(1000)]
    assert shares[0] < 0.1
    assert shares[100] == shares[400] == 1.0
    assert shares[700] == pytest.approx(0.51, abs=0.01)
    assert 0 < shares[-1] < 0.02


def test_a_seed_always_draws_the_same_picture() -> None:
    for label, fur in (("cat", "long-hair"), ("snake", None), ("car", None), ("room", None)):
        one, again = draw(5, label, fur), draw(5, label, fur)
        assert np.array_equal(np.asarray(one.image), np.asarray(again.image))
        assert (one.label, one.fur) == (label, fur)
    assert {draw(seed, "dog").fur for seed in range(20)} == set(FURS)


def test_a_batch_is_varied_within_bounds_and_never_upside_down() -> None:
    """A picture bright above and dark below stays so; the same generator gives the same batch."""
    ramp = torch.linspace(0.8, 0.2, 72).view(1, 1, 72, 1).expand(32, 3, 72, 72)
    varied = augment(ramp, torch.Generator().manual_seed(0))
    assert varied.shape == ramp.shape
    assert 0 <= varied.min() <= varied.max() <= 1
    assert (varied[:, :, :20].mean((1, 2, 3)) > varied[:, :, -20:].mean((1, 2, 3))).all()
    assert torch.equal(varied, augment(ramp, torch.Generator().manual_seed(0)))
    assert not torch.equal(varied[0], varied[1])


def test_no_set_is_both_trained_on_and_held_out() -> None:
    assert not TRAIN_SETS.keys() & HELD_OUT_SETS.keys()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("cat-face", "cat"),
        ("guide-dog", "dog"),
        ("hot-dog", None),
        ("catfish", None),
        ("fish-cake", None),
        ("owl", "bird"),
    ],
)
def test_icons_are_labelled_by_their_names(name: str, label: str | None) -> None:
    assert label_of(name) == label
