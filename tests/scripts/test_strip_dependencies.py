"""A stripped library still loads: only what debuggers read is gone."""

import ctypes
import shutil
from pathlib import Path

import torch

from scripts.strip_dependencies import drop_symbols


def test_a_library_without_its_symbols_loads_and_is_smaller(tmp_path: Path) -> None:
    original = Path(torch.__file__).parent / "lib/libc10.so"
    copy = Path(shutil.copy(original, tmp_path / "libc10.so"))
    drop_symbols(copy)
    assert copy.stat().st_size < original.stat().st_size
    assert ctypes.CDLL(str(copy)) is not None


def test_what_is_no_library_is_left_as_it_is(tmp_path: Path) -> None:
    script = tmp_path / "libm.so"
    script.write_text("/* GNU ld script */ GROUP ( /lib/libm.so.6 )" * 3)
    before = script.read_bytes()
    drop_symbols(script)
    assert script.read_bytes() == before
