"""Checkpoints are downloaded from the hub at a pinned revision and checked; errors are one line.

A small HTTP server replaces the hub. The client is the real `huggingface_hub`.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from function import bake
from function.errors import CheckpointError
from function.model.baked_folder import Manifest
from function.model.checkpoint import DEFAULT_MODEL, DEFAULT_REVISION, Checkpoint
from tests.support.hub import Hub, digest, serve_hub

# Nothing listens on port 9.
UNREACHABLE = "http://127.0.0.1:9"
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


Bake = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Bake:
    """Bakes from the hub at a URL into `out`; returns the exit code and standard error."""

    def run(url: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        )
        capfd.readouterr()
        return bake.main(["--out", str(tmp_path / "out"), *arguments]), capfd.readouterr().err

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return run


def test_downloads_only_the_needed_files_and_only_once(hub: Hub, run: Bake, tmp_path: Path) -> None:
    code, log = run(hub.url, "--model", hub.model_id)
    assert code == 0, log
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(hub.requested)
    assert not {"flax_model.msgpack", "tf_model.h5", "pytorch_model.bin", "README.md"} & set(hub.requested)
    manifest = Manifest.read(tmp_path / "out")
    assert (manifest.model_id, manifest.revision) == (hub.model_id, REVISION)
    assert manifest.source["model.safetensors"] == digest(hub.folder / "model.safetensors")

    hub.requested.clear()
    assert "already contains somebody/small-clip@0123456" in run(hub.url, "--model", hub.model_id)[1]
    code, log = run(UNREACHABLE, "--model", hub.model_id, "--revision", REVISION)
    assert (code, hub.requested) == (0, []), log


@pytest.mark.parametrize("revision", [[], ["--revision", REVISION]])
def test_an_earlier_download_is_baked_if_the_hub_cannot_be_reached(
    hub: Hub, run: Bake, tmp_path: Path, revision: list[str]
) -> None:
    code, log = run(hub.url, "--model", hub.model_id, *revision)
    assert code == 0, log
    baked = Manifest.read(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "first")
    code, log = run(UNREACHABLE, "--model", hub.model_id, *revision)
    assert code == 0, log
    assert Manifest.read(tmp_path / "out") == baked
    shutil.rmtree(tmp_path / "out")
    next((tmp_path / "hub").glob("**/snapshots/*/model.safetensors")).unlink()
    code, log = run(UNREACHABLE, "--model", hub.model_id, *revision)
    assert code == 3, log


def test_pinned_weights_with_another_digest_are_refused(hub: Hub, run: Bake, tmp_path: Path) -> None:
    hub.model_id, hub.revision = DEFAULT_MODEL, DEFAULT_REVISION
    (hub.folder / "model.safetensors").unlink()
    code, log = run(hub.url)
    assert code == 2
    assert "openai/clip-vit-base-patch32@3d74acf: pytorch_model.bin has SHA-256" in log
    assert "a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f" in log
    assert not (tmp_path / "out").exists()


def test_unknown_model_is_named_in_the_error(hub: Hub, run: Bake) -> None:
    code, log = run(hub.url, "--model", "nobody/nothing")
    assert code == 2
    assert "nobody/nothing: the hub says" in log


def test_unreachable_hub_error_names_the_model_and_an_alternative(run: Bake) -> None:
    code, log = run(UNREACHABLE)
    assert code == 3
    last = log.splitlines()[-1]
    assert "cannot reach the Hugging Face hub for openai/clip-vit-base-patch32@3d74acf" in last
    assert "models/demo works offline" in last


def test_default_model_has_a_pinned_revision() -> None:
    assert Checkpoint.named(DEFAULT_MODEL, None).revision == DEFAULT_REVISION
    assert Checkpoint.named(DEFAULT_MODEL, REVISION).revision == REVISION
    assert Checkpoint.named("laion/other-clip", "main").revision == "main"
    assert Checkpoint.named("laion/other-clip", None).revision is None


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
