"""Nothing that is needed is stripped: a library still loads, and boto3 still makes the clients that are asked for."""

import ctypes
import re
import shutil
from pathlib import Path

import torch

from scripts.strip_dependencies import NEEDED_ONLY, drop_symbols
from tests.delivered import ROOT


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


def test_services_that_clients_are_made_of_stay() -> None:
    sources = "".join(path.read_text() for path in ROOT.joinpath("function").rglob("*.py"))
    assert set(re.findall(r"boto3\.client\(\W*(\w+)", sources)) == NEEDED_ONLY["botocore/data/*/"]
    assert re.findall(r"boto3\.(?!client\()", sources) == []
