"""The entry module loads the model once, imports few packages, and fails the start if the model is not valid."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from function.clip import image_encoder
from tools.make_events import samples

# Powertools imports `botocore`, which is small. Its submodules are heavy.
FORBIDDEN = re.compile(r"(transformers|tokenizers|huggingface_hub|boto3|pillow_heif|uvicorn)(\.|$)|botocore\.")


def run(code: str, model: Path | str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        env={**os.environ, "MODEL_DIR": str(model)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_start_imports_no_heavy_packages(small_model: Path) -> None:
    result = run("import function.handler", small_model, "-X", "importtime")
    assert result.returncode == 0, result.stderr[-2000:]
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines() if "|" in line}
    assert {"torch", "fastapi", "mangum", "PIL"} <= imported
    assert not [name for name in imported if FORBIDDEN.match(name)]


def test_tagging_an_image_imports_no_heavy_packages(small_model: Path) -> None:
    code = """
import json, sys
from types import SimpleNamespace
from function.handler import handler
event = json.load(open("events/rest-tag-multipart.json"))
print(handler(event, SimpleNamespace(aws_request_id="1"))["statusCode"])
print(*sorted(sys.modules))
"""
    result = run(code, small_model)
    status, modules = [line for line in result.stdout.splitlines() if not line.startswith("{")]
    assert status == "200"
    assert "function.handler" in modules.split()
    assert not [name for name in modules.split() if FORBIDDEN.match(name)]


def test_page_is_read_at_the_first_request_for_it(small_model: Path) -> None:
    code = """
import function.handler
from function.api.page.document import read_page
print(read_page.cache_info().currsize)
"""
    assert run(code, small_model).stdout.splitlines()[-1] == "0"


def test_garbage_collection_skips_the_objects_of_the_start(small_model: Path) -> None:
    result = run("import function.handler, gc\nprint(gc.isenabled(), gc.get_freeze_count())", small_model)
    enabled, frozen = result.stdout.splitlines()[-1].split()
    assert enabled == "True"
    assert int(frozen) > 100_000


def test_start_does_not_scan_installed_packages(small_model: Path) -> None:
    code = """
import importlib.metadata
importlib.metadata.entry_points = lambda **_: print("looked") or ()
import function.handler
"""
    result = run(code, small_model)
    assert "model loaded" in result.stdout, result.stderr[-2000:]
    assert "looked" not in result.stdout.splitlines()


def test_model_is_loaded_once_at_import(handler: Any, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_again(*_: object) -> None:
        raise AssertionError("the model was loaded again")

    monkeypatch.setattr(image_encoder.ImageEncoder, "__init__", load_again)
    for _ in range(3):
        assert handler(samples()["rest-tag-raw"].event, context)["statusCode"] == 200


@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_invalid_model_folder_fails_the_start(small_model: Path, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "model"
    if harm == "cut":
        for path in small_model.rglob("*"):
            if path.is_file():
                target = folder / path.relative_to(small_model)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes()[: -1 if path.name == "vision.safetensors" else None])
    result = run("import function.handler", folder)
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    message = r"vision\.safetensors: \d+ bytes, expected \d+" if harm == "cut" else r"manifest\.json: missing"
    assert re.search(rf"CheckpointError: .*{message}", last)
