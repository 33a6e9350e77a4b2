"""Stripping removes no file that the function needs."""

import ctypes
import re
import shutil
import sys
from pathlib import Path

import torch

from scripts.strip_dependencies import NEEDED_ONLY, UNUSED, drop_symbols
from tests.support.programs import ROOT, run


def test_a_library_without_its_symbols_loads_and_is_smaller(tmp_path: Path) -> None:
    original = Path(torch.__file__).parent / "lib/libc10.so"
    copy = Path(shutil.copy(original, tmp_path / "libc10.so"))
    drop_symbols(copy)
    assert copy.stat().st_size < original.stat().st_size
    assert ctypes.CDLL(str(copy)) is not None


def test_a_file_that_is_no_library_does_not_change(tmp_path: Path) -> None:
    script = tmp_path / "libm.so"
    script.write_text("/* GNU ld script */ GROUP ( /lib/libm.so.6 )" * 3)
    before = script.read_bytes()
    drop_symbols(script)
    assert script.read_bytes() == before


def test_services_that_the_function_uses_are_not_removed() -> None:
    sources = "".join(path.read_text() for path in ROOT.joinpath("function").rglob("*.py"))
    assert set(re.findall(r"boto3\.client\(\W*(\w+)", sources)) == NEEDED_ONLY["botocore/data/*/"]
    assert re.findall(r"boto3\.(?!client\()\w", sources) == []


def test_torch_imports_no_module_that_is_removed() -> None:
    code = "import sys, torch; print(*(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)))"
    imported = run(sys.executable, "-c", code).split()
    site_packages = Path(torch.__file__).parents[1]
    removed = [path for pattern in UNUSED.split() for path in site_packages.glob(pattern)]
    assert site_packages / "torch/_inductor" in removed
    assert [path for path in imported if any(map(Path(path).is_relative_to, removed))] == []
