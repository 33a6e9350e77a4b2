"""The bake accepts any CLIP checkpoint, refuses invalid ones, and never leaves an incomplete folder."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel

from function import bake
from function.model.baked_folder import Manifest
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS, encode
from tools.small_checkpoint import make_checkpoint


@pytest.fixture
def checkpoint(small_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_checkpoint, tmp_path / small_checkpoint.name))


def run(model: Path | str, out: Path, *more: str) -> int:
    return bake.main(["--model", str(model), "--out", str(out), *more])


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_prints_progress_and_verifies(
    small_checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(small_checkpoint, tmp_path / "out") == 0
    log = capfd.readouterr().err
    assert "bake: reading the checkpoint" in log
    assert "bake: baked small into" in log
    assert bake.main(["--verify", str(tmp_path / "out")]) == 0
    assert "6 files match the manifest" in capfd.readouterr().err


def test_does_nothing_if_checkpoint_and_labels_are_unchanged(
    checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(checkpoint, out) == 0
    before = (out / "manifest.json").stat().st_mtime_ns
    assert run(checkpoint, out) == 0
    assert "already contains small with these labels" in capfd.readouterr().err
    assert (out / "manifest.json").stat().st_mtime_ns == before


def test_bakes_again_if_labels_or_weights_change(checkpoint: Path, tmp_path: Path) -> None:
    out, labels = tmp_path / "out", tmp_path / "labels.toml"
    assert run(checkpoint, out) == 0
    labels.write_text('[groups.food]\ntemplates = ["a {}"]\n[groups.food.labels]\npizza = "pizza"\n')
    assert run(checkpoint, out, "--labels", str(labels)) == 0
    first = Manifest.read(out)
    assert Tagger.load(out, "float32", MAX_PIXELS).bank.labels.groups[0].name == "food"
    make_checkpoint(checkpoint, projection_dim=20)
    assert run(checkpoint, out, "--labels", str(labels)) == 0
    assert Manifest.read(out).source != first.source


def test_prompt_longer_than_the_context_is_refused(
    checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The tokenizer has a token for each letter, and the context has 77. 11 are in "with a person", 2 mark the ends."""
    labels, out = tmp_path / "labels.toml", tmp_path / "out"
    text = '[groups.pet]\ntemplates = ["{}"]\ncontext = ["person"]\n[groups.pet.labels]\ndog = "WORDS"\n'
    labels.write_text(text.replace("WORDS", "x" * 65))
    assert run(checkpoint, out, "--labels", str(labels)) == 2
    assert (
        f"the prompt '{'x' * 65} with a person' has 78 tokens. This model reads at most 77." in capfd.readouterr().err
    )
    assert not out.exists()
    labels.write_text(text.replace("WORDS", "x" * 64))
    assert run(checkpoint, out, "--labels", str(labels)) == 0


@given(
    vision=st.fixed_dictionaries(
        {"patch_size": st.sampled_from([4, 7, 16]), "num_hidden_layers": st.integers(1, 3)},
        optional={"hidden_act": st.just("gelu"), "image_size": st.integers(16, 40)},
    ),
    text=st.fixed_dictionaries({"hidden_size": st.sampled_from([16, 40]), "num_hidden_layers": st.integers(1, 2)}),
    projection_dim=st.integers(4, 40),
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_clip_checkpoint_bakes(
    tmp_path_factory: pytest.TempPathFactory,
    cat_photo: Image.Image,
    vision: dict[str, Any],
    text: dict[str, Any],
    projection_dim: int,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    checkpoint = make_checkpoint(folder / "checkpoint", vision, text, projection_dim=projection_dim)
    assert run(checkpoint, folder / "out") == 0
    tagger = Tagger.load(folder / "out", "float32", MAX_PIXELS)
    model = CLIPModel.from_pretrained(checkpoint).eval()
    with torch.inference_mode():
        pixels = CLIPImageProcessorPil.from_pretrained(checkpoint)(cat_photo, return_tensors="pt")
        expected = model.get_image_features(**pixels).pooler_output[0]
    actual = tagger.embed_image(encode(cat_photo, "PNG")).vectors[0]
    torch.testing.assert_close(actual, expected / expected.norm(), atol=1e-4, rtol=0)
    assert len(tagger.tag(encode(cat_photo, "PNG"), TagOptions(min_score=0)).tags) == 12


def test_pickled_weights_give_the_same_files(checkpoint: Path, small_model: Path, tmp_path: Path) -> None:
    model = CLIPModel.from_pretrained(checkpoint)
    torch.save(model.state_dict(), checkpoint / "pytorch_model.bin")
    (checkpoint / "model.safetensors").unlink()
    assert run(checkpoint, tmp_path / "out") == 0
    for name in ("vision.safetensors", "labels.safetensors", "text.safetensors"):
        assert (tmp_path / "out" / name).read_bytes() == (small_model / name).read_bytes()


class Malicious:
    """Creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("pwned"),)


def test_a_malicious_pickle_is_refused(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (checkpoint / "model.safetensors").unlink()
    torch.save({"logit_scale": Malicious()}, checkpoint / "pytorch_model.bin")
    assert run(checkpoint, tmp_path / "out") == 2
    assert not (tmp_path / "pwned").exists()
    assert "Traceback" not in capfd.readouterr().err


def drop_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def change_layer_count(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    edit_json(folder / "config.json", vision_config={**config["vision_config"], "num_hidden_layers": 3})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "not a checkpoint: neither config.json"),
        (drop_weights, "not a checkpoint: neither config.json"),
        (cut_weights, "small: "),
        (change_layer_count, "weights do not fit, missing_keys"),
        (lambda folder: edit_json(folder / "config.json", model_type="bert"), "model type 'bert' is not clip"),
        (lambda folder: (folder / "config.json").write_text("{"), "small: "),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "small: "),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer"),
        (lambda folder: edit_json(folder / "preprocessor_config.json", do_center_crop=False), "do_center_crop"),
        (
            lambda folder: edit_json(folder / "preprocessor_config.json", crop_size={"height": 16, "width": 16}),
            "crops to 16 pixels, but the model takes 32",
        ),
    ],
)
def test_invalid_checkpoint_is_refused_with_one_line(
    checkpoint: Path,
    small_model: Path,
    tmp_path: Path,
    damage: Any,
    message: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = shutil.copytree(small_model, tmp_path / "out")
    assert run(checkpoint, out) == 0
    assert "already contains small" in capfd.readouterr().err
    baked = Manifest.read(out)
    damage(checkpoint)
    assert run(checkpoint, out) == 2
    lines = capfd.readouterr().err.splitlines()
    assert message in lines[-1]
    assert not any("Traceback" in line for line in lines)
    assert Manifest.read(out) == baked, "the previous folder must not change"
    assert list(tmp_path.glob(".out-*")) == []


def test_invalid_labels_fail_before_the_checkpoint_is_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "labels.toml"
    labels.write_text('[groups.pet]\ntemplates = ["a photo"]\n[groups.pet.labels]\ncat = "cat"\n')
    assert run("not/read", tmp_path / "out", "--labels", str(labels)) == 2
    assert "labels.toml, line 2: template 'a photo' must have one {}" in capfd.readouterr().err


def test_folder_that_is_not_a_baked_model_is_not_overwritten(
    small_checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert run(small_checkpoint, tmp_path) == 2
    assert "so it is not overwritten" in capfd.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
