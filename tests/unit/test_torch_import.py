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
from function.clip.torch_import import complete, import_lean
import_lean()

import torch
print("torch._refs" in sys.modules, (torch.ones(2, 3) @ torch.ones(3, 2)).sum().item())
complete()
complete()
print("torch._refs" in sys.modules, torch.nn.functional.gelu(torch.empty(5, device="meta")).shape)
print(torch.distributions.Normal(2, 1).mean.item(), *torch.utils.data.DataLoader([1, 2]))
print(torch.export.export.__name__, torch.quantization.default_qconfig is torch.ao.quantization.default_qconfig)
"""
    expected = ["False 12.0", "True torch.Size([5])", "2.0 tensor([1]) tensor([2])", "export True"]
    assert run(code).splitlines() == expected


def test_own_labels_get_the_same_scores(small_model: Path, cat_jpeg: bytes, tmp_path: Path) -> None:
    picture = tmp_path / "cat.jpg"
    picture.write_bytes(cat_jpeg)
    code = """
import sys
from pathlib import Path
if sys.argv[1:] == ["lean"]:
    from function.clip.torch_import import import_lean
    import_lean()
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
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
def test_numpy_is_left_to_others_and_starts_no_workers() -> None:
    code = """
import os, sys
from pathlib import Path
os.environ.pop("OPENBLAS_NUM_THREADS", None)
from function.clip.torch_import import import_lean
import_lean()
print("numpy" in sys.modules)
import numpy
print(numpy.ones(2).sum(), len(list(Path("/proc/self/task").iterdir())))
"""
    assert run(code).splitlines() == ["False", "2.0 1"]


def test_numpy_is_of_use_to_torch_where_it_came_first() -> None:
    code = """
import numpy
from function.clip.torch_import import import_lean
import_lean()
import torch
print(torch.ones(2).numpy().sum())
"""
    assert run(code) == "2.0\n"


def test_the_handler_leaves_it_out(small_model: Path) -> None:
    code = f"import os; os.environ['MODEL_DIR'] = {str(small_model)!r}\nimport function.handler, sys\n"
    assert run(f"{code}print({{'torch._refs', 'numpy'}} & set(sys.modules))").splitlines()[-1] == "set()"
