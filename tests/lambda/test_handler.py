"""The entry module loads the model once, imports few packages, and fails the start if the model is not valid."""

import gc
import importlib
import json
import re
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

import pytest

from function.clip import image_encoder
from function.clip.inference_thread import available_cpus
from function.errors import CheckpointError
from function.tagging.tagger import Tagger
from tests.support.programs import run
from tools.make_events import PICTURE, samples

# Powertools imports `botocore`, which is small. Its submodules are heavy.
FORBIDDEN = re.compile(
    r"(transformers|tokenizers|huggingface_hub|boto3|pillow_heif|uvicorn|numpy|sympy|torch\._refs)(\.|$)|botocore\."
)


@pytest.fixture(scope="module")
def fresh(small_model: Path) -> Any:
    """The report of a new process that starts the handler and answers requests (tests/support/fresh_start.py)."""
    command = (sys.executable, "-m", "tests.support.fresh_start")
    printed = run("env", f"MODEL_DIR={small_model}", *command, timeout_s=120)
    assert "model loaded" in printed
    return json.loads(printed.splitlines()[-1])


def test_start_imports_no_heavy_packages_and_lean_torch(fresh: Any) -> None:
    assert {"torch", "fastapi", "mangum", "PIL"} <= set(fresh["started"])
    assert not [name for name in fresh["started"] if FORBIDDEN.match(name)]


def test_tagging_an_image_imports_no_heavy_packages(fresh: Any) -> None:
    assert not [name for name in fresh["tagged"] if FORBIDDEN.match(name)]


def test_lean_torch_gives_the_same_scores_and_embeddings(fresh: Any, small_tagger: Tagger) -> None:
    """The tagger of these tests has the whole of torch."""
    expected = {tag.label: tag.score for tag in small_tagger.tag(PICTURE.read_bytes()).tags}
    assert {tag["label"]: tag["score"] for tag in fresh["tags"]} == pytest.approx(expected, abs=1e-5)
    vectors = small_tagger.embed_texts(["a cat", "a dog"]).vectors
    assert fresh["embeddings"] == [pytest.approx(vector, abs=1e-5) for vector in vectors.tolist()]


def test_page_is_read_at_the_first_request_for_it(fresh: Any) -> None:
    assert fresh["cached_pages"] == 0


def test_garbage_collection_skips_the_objects_of_the_start(fresh: Any) -> None:
    assert fresh["gc_enabled"]
    assert fresh["frozen_objects"] > 100_000


def test_start_does_not_scan_installed_packages(fresh: Any) -> None:
    assert fresh["entry_point_scans"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_there_are_no_more_openmp_workers_than_cpus(fresh: Any) -> None:
    """If there are more, all workers sleep between operations, which is slow: see `inference_thread`."""
    # The workers, and the same number in a second pool that torch starts and never uses.
    assert fresh["threads_of_start"] == 2 * (available_cpus() - 1)
    assert fresh["threads_of_requests"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP has GOMP_SPINCOUNT")
def test_idle_workers_use_almost_no_cpu_time(fresh: Any) -> None:
    assert statistics.median(fresh["idle_cpu_s"]) < 0.003


def test_model_is_loaded_once_at_import(handler: Any, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_again(*_: object) -> None:
        raise AssertionError("the model was loaded again")

    monkeypatch.setattr(image_encoder.ImageEncoder, "__init__", load_again)
    for _ in range(3):
        assert handler(samples()["rest-tag-raw"].event, context)["statusCode"] == 200


@pytest.mark.parametrize(
    ("damage", "message"),
    [("missing", r"manifest\.json: missing"), ("cut", r"vision\.safetensors: \d+ bytes, expected \d+")],
)
def test_invalid_model_folder_fails_the_start(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, message: str
) -> None:
    folder = tmp_path / "model"
    if damage == "cut":
        weights = Path(shutil.copytree(small_model, folder)) / "vision.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1])
    monkeypatch.setenv("MODEL_DIR", str(folder))
    monkeypatch.delitem(sys.modules, "function.handler", raising=False)
    try:
        with pytest.raises(CheckpointError, match=message):
            importlib.import_module("function.handler")
    finally:
        gc.enable()  # the module disables it while it is imported
