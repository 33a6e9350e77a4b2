"""Remove from a folder of installed packages what nothing imports at run time.

    python strip_dependencies.py FOLDER

An image is loaded lazily, in chunks: what is never read costs no start, but it costs build, push and storage. Python
sources stay: tracebacks quote them, and torch reads some of its own. (Python, because Lambda's base has no `find`.)
"""

import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

# Commands, manual pages, what torch ships for C++ extensions and for its own tests, and what its compiler writes.
UNUSED = """
bin/*  share  isympy.py
torch/bin/*  torch/include  torch/share  torch/test
torch/lib/*.a  torch/lib/libtorchbind_test.so  torch/lib/libjitbackend_test.so  torch/lib/libaoti_custom_ops.so
torch/lib/libbackend_with_compiler.so
torch/_inductor/codegen  torch/_inductor/fx_passes  torch/_inductor/kernel
numpy/distutils  numpy/f2py
"""
# Tests that packages ship, wherever they are.
TESTS = "tests"
# What only the bake uses, or only a terminal: the hub's fast downloads and its files, command lines, colours.
UNUSED_PACKAGES = """
hf_xet  fsspec  functorch  pygments  rich  typer  click  shellingham  mdurl  markdown_it  markdown_it_py
"""
# Of Transformers' hundreds of models those stay that the text tower imports; of the others what tokenizers need, any of
# which a checkpoint may have.
NEEDED_MODELS = {"auto", "clip"}
NEEDED_OF_MODELS = ("__init__", "configuration_", "tokenization_")
# Of what matches a pattern, what stays:
NEEDED_ONLY = {
    # of AWS's services, of whose descriptions boto3 makes clients, those that `function/` asks for
    "botocore/data/*/": {"codedeploy", "events", "lambda", "s3"},
    # of the helpers of torch's own tests those that `import torch` reads
    "torch/testing/_internal/*": {"__init__.py", "common_dtype.py", "distributed", "logging_tensor.py"},
    "torch/testing/_internal/distributed/*": {"__init__.py", "fake_pg.py"},
}
# What `import torch` looks for.
NEEDED_FILE = "torch/bin/torch_shm_manager"
# Type stubs, and sources of extensions that are built.
UNUSED_SUFFIXES = {".pyi", ".h", ".hpp", ".c", ".cpp", ".cu", ".pyx", ".pxd"}
_LOADABLE = 1  # PT_LOAD


def strip(folder: Path) -> None:
    """Remove it all from `folder`, where torch is, and the symbols of what is left."""
    if not (folder / NEEDED_FILE).exists():
        raise SystemExit(f"strip_dependencies: no torch in {folder}")
    for path in set(_unused(folder)) - {folder / NEEDED_FILE}:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # or gone with a folder that it was in
    for path in folder.rglob("*"):
        if path.suffix in UNUSED_SUFFIXES and path.is_file():
            path.unlink()
        elif ".so" in path.suffixes and path.is_file():
            drop_symbols(path)


def _unused(folder: Path) -> Iterator[Path]:
    """Yield the files and folders to remove; some may lie within others."""
    for pattern in UNUSED.split():
        yield from folder.glob(pattern)
    for package in UNUSED_PACKAGES.split():
        yield folder / package
        yield from folder.glob(f"{package.replace('_', '[-_]')}-*.dist-info")
    for pattern, needed in NEEDED_ONLY.items():
        yield from (path for path in folder.glob(pattern) if path.name not in needed)
    for model in folder.glob("transformers/models/*/"):
        if model.name not in NEEDED_MODELS:
            yield from (path for path in model.iterdir() if not path.name.startswith(NEEDED_OF_MODELS))
    yield from folder.rglob(TESTS)


def drop_symbols(path: Path) -> None:
    """Cut from a shared library what lies after its last loadable segment: the symbols that only debuggers read.

    The loader reads program headers alone; section headers, which would point past the new end, are declared absent.
    A 64-bit little-endian ELF file is cut, any other is left. Layout: System V ABI, "ELF Header", "Program Header".
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
        file.write(struct.pack("<HH", 0, 0))  # how many there are, and which of them holds their names


if __name__ == "__main__":
    strip(Path(sys.argv[1]))
