"""Remove the files of installed packages that are never used at run time.

    python strip_dependencies.py FOLDER

Lambda loads an image lazily, so unused files do not slow down a start, but they cost build, push and storage. Python
sources stay, because tracebacks quote them and torch reads some of its own. This is Python because Lambda's base image
has neither `find` nor `strip`.
"""

import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

# Commands; what torch ships for C++ extensions and for its own tests; and torch's compiler, exporters and tools for
# training on many machines, which `import torch` does not import.
UNUSED = """
bin/*  share  functorch
torch/bin/*  torch/include  torch/share  torch/test
torch/lib/*.a  torch/lib/libtorchbind_test.so  torch/lib/libjitbackend_test.so  torch/lib/libaoti_custom_ops.so
torch/lib/libbackend_with_compiler.so
torch/_dynamo  torch/_inductor  torch/_numpy  torch/_vendor/quack  torch/onnx
torch/ao/ns  torch/ao/pruning  torch/utils/benchmark  torch/utils/hipify  torch/utils/tensorboard
torch/distributed/checkpoint  torch/distributed/elastic  torch/distributed/fsdp  torch/distributed/pipelining
torch/distributed/tensor
"""
# The name of folders with a package's tests.
TESTS = "tests"
# For each pattern, the names that stay; everything else that matches is removed.
NEEDED_ONLY = {
    # boto3 builds its clients from botocore's descriptions of services. These are the services that `function/` uses.
    "botocore/data/*/": {"codedeploy", "events", "lambda", "s3"},
    # `import torch` reads these helpers of torch's own tests.
    "torch/testing/_internal/*": {"__init__.py", "common_dtype.py", "distributed", "logging_tensor.py"},
    "torch/testing/_internal/distributed/*": {"__init__.py", "fake_pg.py"},
}
# `import torch` fails without this command.
NEEDED_FILE = "torch/bin/torch_shm_manager"
# Type stubs, and sources of compiled extensions.
UNUSED_SUFFIXES = {".pyi", ".h", ".hpp", ".c", ".cpp", ".cu", ".pyx", ".pxd"}
_LOADABLE = 1  # PT_LOAD


def strip(folder: Path) -> None:
    """Remove unused files from `folder`, which contains torch, and debug symbols from the libraries that stay."""
    if not (folder / NEEDED_FILE).exists():
        raise SystemExit(f"strip_dependencies: no torch in {folder}")
    for path in set(_unused(folder)) - {folder / NEEDED_FILE}:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # it may be gone with its folder
    for path in folder.rglob("*"):
        if path.suffix in UNUSED_SUFFIXES and path.is_file():
            path.unlink()
        elif ".so" in path.suffixes and path.is_file():
            drop_symbols(path)


def _unused(folder: Path) -> Iterator[Path]:
    """Yield the files and folders to remove. Some are inside others."""
    for pattern in UNUSED.split():
        yield from folder.glob(pattern)
    for pattern, needed in NEEDED_ONLY.items():
        yield from (path for path in folder.glob(pattern) if path.name not in needed)
    yield from folder.rglob(TESTS)


def drop_symbols(path: Path) -> None:
    """Cut off a shared library after its last loadable segment, where the symbols for debuggers are.

    The loader reads only the program headers. The section headers would point past the new end, so the ELF header is
    changed to declare none. Only 64-bit little-endian ELF files are changed. Layout: System V ABI, "ELF Header" and
    "Program Header".
    """
    with path.open("r+b") as file:
        header = file.read(64)
        if header[:6] != b"\x7fELF\x02\x01":
            return
        (program_headers,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(program_headers)
        entries = [struct.unpack_from("<IIQQQQ", file.read(size)) for _ in range(count)]
        loaded_end = max(offset + in_file for kind, _, offset, _, _, in_file in entries if kind == _LOADABLE)
        file.truncate(max(loaded_end, program_headers + size * count))
        file.seek(40)
        file.write(struct.pack("<Q", 0))  # where section headers start
        file.seek(60)
        file.write(struct.pack("<HH", 0, 0))  # their number, and the index of the one with their names


if __name__ == "__main__":
    strip(Path(sys.argv[1]))
