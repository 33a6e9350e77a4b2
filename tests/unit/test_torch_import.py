"""Lean torch works together with numpy. tests/lambda/test_handler.py checks imports and results of lean torch."""

import sys

from tests.support.programs import run

CODE = """
import numpy
from function.clip.torch_import import import_lean
import_lean()
import torch
print(torch.ones(2).numpy().sum())
"""


def test_torch_uses_numpy_if_numpy_was_imported_first() -> None:
    assert run(sys.executable, "-c", CODE) == "2.0\n"
