"""Checkpoints are downloaded from the hub at a pinned revision and checked; errors are one line.

A small HTTP server replaces the hub. The client is the real `huggingface_hub` in a child process.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from function.errors import CheckpointError
from function.model.baked_folder import Manifest
from function.model.checkpoint import DEFAULT_MODEL, DEFAULT_REVISION, Checkpoint
from tests.support.hub import Hub, digest, serve_hub

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(small_checkpoint: Path, tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "repository"
    folder.mkdir()
    for path in small_checkpoint.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for name in ("flax_model.msgpack", "tf_model.h5", "pytorch_model.bin", "README.md"):
        (folder / name).write_bytes(b"not needed")
    with serve_hub("somebody/small-clip", REVISION, folder) as served:
        yield served


def bake(url: str, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "function.bake", "--out", str(tmp_path / "out"), *arguments],
        env={**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_downloads_only_the_needed_files_and_only_once(hub: Hub, tmp_path: Path) -> None:
    first = bake(hub.url, tmp_path, "--model", hub.model_id)
    assert first.returncode == 0, first.stderr
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(hub.requested)
    assert not {"flax_model.msgpack", "tf_model.h5", "pytorch_model.bin", "README.md"} & set(hub.requested)
    manifest = Manifest.read(tmp_path / "out")
    assert (manifest.model_id, manifest.revision) == (hub.model_id, REVISION)
    assert manifest.source["model.safetensors"] == digest(hub.folder / "model.safetensors")

    hub.requested.clear()
    again = bake(hub.url, tmp_path, "--model", hub.model_id)
    assert "already contains somebody/small-clip@0123456" in again.stderr
    offline = bake("http://127.0.0.1:9", tmp_path, "--model", hub.model_id, "--revision", REVISION)
    assert (offline.returncode, hub.requested) == (0, []), offline.stderr


def test_pinned_weights_with_another_digest_are_refused(hub: Hub, tmp_path: Path) -> None:
    hub.model_id, hub.revision = DEFAULT_MODEL, DEFAULT_REVISION
    (hub.folder / "model.safetensors").unlink()
    result = bake(hub.url, tmp_path)
    assert result.returncode == 2
    assert "openai/clip-vit-base-patch32@3d74acf: pytorch_model.bin has SHA-256" in result.stderr
    assert "a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f" in result.stderr
    assert not (tmp_path / "out").exists()


def test_unknown_model_is_named_in_the_error(hub: Hub, tmp_path: Path) -> None:
    result = bake(hub.url, tmp_path, "--model", "nobody/nothing")
    assert result.returncode == 2
    assert "nobody/nothing: the hub says" in result.stderr
    assert "Traceback" not in result.stderr


def test_unreachable_hub_error_names_the_model_and_an_alternative(tmp_path: Path) -> None:
    result = bake("http://127.0.0.1:9", tmp_path)
    assert result.returncode == 3
    last = result.stderr.splitlines()[-1]
    assert "cannot reach the Hugging Face hub for openai/clip-vit-base-patch32@3d74acf" in last
    assert "models/demo works offline" in last
    assert "Traceback" not in result.stderr


def test_default_model_has_a_pinned_revision() -> None:
    assert Checkpoint.named(DEFAULT_MODEL, None).revision == DEFAULT_REVISION
    assert Checkpoint.named(DEFAULT_MODEL, REVISION).revision == REVISION
    assert Checkpoint.named("laion/other-clip", "main").revision == ""


@pytest.mark.parametrize("model", ["../nowhere", "a/b/c", "/absent/folder", "white space"])
def test_name_that_is_neither_folder_nor_model_id_is_refused(model: str) -> None:
    with pytest.raises(CheckpointError, match="no such folder, and not the id"):
        Checkpoint.named(model, None)


def test_model_id_of_a_folder_contains_no_absolute_path(
    small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Checkpoint.named(str(small_checkpoint), None).model_id == "small"
    monkeypatch.chdir(small_checkpoint.parent.parent)
    assert Checkpoint.named(str(small_checkpoint), None).model_id == f"{small_checkpoint.parent.name}/small"
