"""A baked folder is opened only if it is complete, and `verify` checks the checksum of every file."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from function import bake
from function.errors import CheckpointError
from function.model.baked_folder import BakedModel, Manifest, verify
from function.model.digests import describe_files
from function.tagging.bank import LabelBank
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS


@pytest.fixture
def folder(small_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_model, tmp_path / "model"))


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_contains_the_expected_files(small_model: Path) -> None:
    names = {path.relative_to(small_model).as_posix() for path in small_model.rglob("*") if path.is_file()}
    towers = {"vision.safetensors", "text.safetensors", "tokenizer.json"}
    assert names == towers | {"manifest.json", "preprocess.json", "labels.safetensors", "labels.json"}
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in small_model.rglob("*"))


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_names_the_file_if_any_byte_changes(folder: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(path for path in folder.rglob("*") if path.is_file())))
    original = path.read_bytes()
    position, flip = data.draw(st.integers(0, len(original) - 1)), data.draw(st.integers(1, 255))
    path.write_bytes(original[:position] + bytes([original[position] ^ flip]) + original[position + 1 :])
    try:
        with pytest.raises(CheckpointError) as caught:
            verify(folder)
        # A damaged manifest may name other files.
        assert path.name in str(caught.value) or path.name == "manifest.json"
        assert bake.main(["--verify", str(folder)]) == 2
    finally:
        path.write_bytes(original)
    assert verify(folder).model_id == "small"


def test_verify_fails_if_a_file_was_added(folder: Path) -> None:
    (folder / "extra.bin").touch()
    with pytest.raises(CheckpointError, match=r"extra\.bin: not in manifest"):
        verify(folder)


@pytest.mark.parametrize(
    "name", ["vision.safetensors", "labels.json", "tokenizer.json", "text.safetensors", "preprocess.json"]
)
def test_missing_or_truncated_file_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=rf"{name}: \d+ bytes, expected \d+"):
        BakedModel.open(folder)
    path.unlink()
    with pytest.raises(CheckpointError, match=f"{name}: missing"):
        BakedModel.open(folder)


def test_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"manifest\.json: missing: is this a baked model folder"):
        BakedModel.open(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 99},
        {"surprise": 1},
        *({"temperatures": each} for each in ({"pet": 0}, {"pet": -1.0}, {"pet": "warm"}, {"pet": None}, [1.5], None)),
    ],
)
def test_invalid_manifest_is_refused(folder: Path, change: dict[str, object]) -> None:
    edit_manifest(folder, **change)
    with pytest.raises(CheckpointError, match="bake it again"):
        BakedModel.open(folder)


def test_manifest_that_is_no_object_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(CheckpointError, match="not a JSON object"):
        BakedModel.open(folder)


@pytest.mark.parametrize("tower", ["vision", "text"])
def test_weights_with_a_wrong_shape_are_refused(folder: Path, tower: str) -> None:
    name = {"vision": "visual_projection.weight", "text": "text_projection.weight"}[tower]
    weights = load_file(folder / f"{tower}.safetensors")
    weights[name] = torch.zeros(7, 32)
    save_file(weights, folder / f"{tower}.safetensors")
    edit_manifest(folder, files=describe_files(folder, without="manifest.json"))
    with pytest.raises(CheckpointError, match=rf"{name} has shape \(7, 32\), expected \(24, 32\)"):
        Tagger.load(folder, "float32", MAX_PIXELS)


def test_labels_with_a_wrong_digest_are_refused(folder: Path) -> None:
    edit_manifest(folder, labels_digest="0" * 64)
    with pytest.raises(CheckpointError, match="the labels differ from those in the manifest"):
        Tagger.load(folder, "float32", MAX_PIXELS)


def test_label_embeddings_with_a_wrong_shape_are_refused(small_model: Path) -> None:
    digest = Manifest.read(small_model).labels_digest
    with pytest.raises(CheckpointError, match=r"pet has shape \(90, 24\), expected \(90, 512\)"):
        LabelBank.load(small_model, digest, 512, {})
