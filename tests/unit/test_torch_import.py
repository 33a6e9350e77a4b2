"""Torch without the modules that only training and compilers need encodes the same."""

import subprocess
import sys
from pathlib import Path


def run(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, cwd=Path.cwd()
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def test_leaves_out_modules_that_only_training_and_compilers_need() -> None:
    code = """
import sys
from function.clip.torch_import import import_lean
import_lean()
import torch
print(sorted({"torch._refs", "numpy", "sympy"} & set(sys.modules)), (torch.ones(2, 3) @ torch.ones(3, 2)).sum().item())
"""
    assert run(code) == "[] 12.0\n"


def test_built_in_and_own_labels_get_the_same_scores_with_lean_torch(
    small_model: Path, cat_jpeg: bytes, tmp_path: Path
) -> None:
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
options = TagOptions(candidate_labels=("a cat", "a car", "a long-haired cat on a sofa"))
print(*[f"{tag.label}:{tag.score:.5f}" for tag in tagger.tag(Path(PICTURE).read_bytes(), options).tags])
print(sorted({"transformers", "huggingface_hub", "sympy"} & set(sys.modules)))
"""
    code = code.replace("MODEL", repr(str(small_model))).replace("PICTURE", repr(str(picture)))
    lean = run(f"import sys; sys.argv[1:] = ['lean']\n{code}")
    assert lean == run(code)
    assert lean.count(":") > 3
    assert lean.splitlines()[-1] == "[]"


def test_torch_uses_numpy_if_numpy_was_imported_first() -> None:
    code = """
import numpy
from function.clip.torch_import import import_lean
import_lean()
import torch
print(torch.ones(2).numpy().sum())
"""
    assert run(code) == "2.0\n"


def test_the_handler_imports_lean_torch(small_model: Path) -> None:
    code = f"import os; os.environ['MODEL_DIR'] = {str(small_model)!r}\nimport function.handler, sys\n"
    assert run(f"{code}print({{'torch._refs', 'numpy'}} & set(sys.modules))").splitlines()[-1] == "set()"
