"""Lean torch works together with numpy. tests/lambda/test_handler.py checks imports and results of lean torch."""

import subprocess
import sys

CODE = """
import numpy
from function.clip.torch_import import import_lean
import_lean()
import torch
print(torch.ones(2).numpy().sum())
"""


def test_torch_uses_numpy_if_numpy_was_imported_first() -> None:
    assert subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout == "2.0\n"
