"""Torch without its meta registrations encodes the same, and is whole again before Transformers is imported."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, cwd=Path.cwd()
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def test_leaves_out_what_costs_and_brings_it_in_later() -> None:
    code = """
import sys
from function.clip.lean_torch import complete, import_lean
import_lean()

import torch
print("torch._refs" in sys.modules, (torch.ones(2, 3) @ torch.ones(3, 2)).sum().item())
complete()
complete()
print("torch._refs" in sys.modules, torch.nn.functional.gelu(torch.empty(5, device="meta")).shape)
"""
    assert run(code).splitlines() == ["False 12.0", "True torch.Size([5])"]


def test_own_labels_get_the_same_scores(small_model: Path, cat_jpeg: bytes, tmp_path: Path) -> None:
    picture = tmp_path / "cat.jpg"
    picture.write_bytes(cat_jpeg)
    code = """
import sys
from pathlib import Path
if sys.argv[1:] == ["lean"]:
    from function.clip.lean_torch import import_lean
    import_lean()
from function.tagging.tagger import Tagger, TagOptions
tagger = Tagger.load(Path(MODEL), "float32", 10**8)
print(*[f"{tag.label}:{tag.score:.5f}" for tag in tagger.tag(Path(PICTURE).read_bytes()).tags])
options = TagOptions(candidate_labels=("a cat", "a car"))
print(*[f"{tag.label}:{tag.score:.5f}" for tag in tagger.tag(Path(PICTURE).read_bytes(), options).tags])
"""
    code = code.replace("MODEL", repr(str(small_model))).replace("PICTURE", repr(str(picture)))
    lean = run(f"import sys; sys.argv[1:] = ['lean']\n{code}")
    assert lean == run(code)
    assert lean.count(":") > 3


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_numpy_starts_no_workers() -> None:
    code = """
import os
from pathlib import Path
os.environ.pop("OPENBLAS_NUM_THREADS", None)
from function.clip.lean_torch import import_lean
import_lean()
import numpy
print(len(list(Path("/proc/self/task").iterdir())))
"""
    assert run(code) == "1\n"


def test_the_handler_leaves_it_out(small_model: Path) -> None:
    code = f"import os; os.environ['MODEL_DIR'] = {str(small_model)!r}\nimport function.handler, sys\n"
    assert run(f"{code}print('torch._refs' in sys.modules)").splitlines()[-1] == "False"
