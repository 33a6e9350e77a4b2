"""Remove from a folder of installed packages what nothing imports at run time.

    python strip_dependencies.py FOLDER

An image is loaded lazily, in chunks: what is never read costs no start, but it costs build, push and storage. Python
sources stay: tracebacks quote them, and torch reads some of its own. (Python, because Lambda's base has no `find`.)
"""

import shutil
import struct
import sys
from pathlib import Path

# Commands, manual pages, what torch ships for C++ extensions and for its own tests, and the tests of other packages.
# py312_intrinsics.py is no Python before 3.12, and so could not be compiled; its neighbours `import torch` reads.
UNUSED = """
bin/*  share  isympy.py
torch/bin/*  torch/include  torch/share  torch/test
torch/lib/*.a  torch/lib/libtorchbind_test.so  torch/lib/libjitbackend_test.so  torch/lib/libaoti_custom_ops.so
torch/lib/libbackend_with_compiler.so  torch/testing/_internal/py312_intrinsics.py
mpmath/tests  numpy/tests  numpy/*/tests  numpy/f2py  sympy/*/tests  sympy/*/*/tests
transformers/models/*/modular_*.py
"""
# What only the bake uses, or only a terminal: the hub's fast downloads, command lines, colours.
UNUSED_PACKAGES = "hf_xet  pygments  rich  typer  click  shellingham  markdown_it  mdurl"
# Of Transformers' hundreds of models the text tower needs one; configurations and tokenizers, which are small, stay.
MODELS, NEEDED_MODELS = "transformers/models/*/modeling_*.py", {"auto", "clip"}
# What `import torch` looks for.
NEEDED = "torch/bin/torch_shm_manager"
# Type stubs, and sources of extensions that are built.
UNUSED_SUFFIXES = {".pyi", ".h", ".hpp", ".c", ".cpp", ".cu", ".pyx", ".pxd"}
_LOADABLE = 1  # PT_LOAD


def strip(folder: Path) -> None:
    """Remove it all from `folder`, where torch is, and the symbols of what is left."""
    if not (folder / NEEDED).exists():
        raise SystemExit(f"strip_dependencies: no torch in {folder}")
    for pattern in UNUSED.split():
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            elif path != folder / NEEDED:
                path.unlink()
    for package in UNUSED_PACKAGES.split():
        for path in (folder / package, *folder.glob(f"{package.replace('_', '[-_]')}-*.dist-info")):
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(MODELS):
        if path.parent.name not in NEEDED_MODELS:
            path.unlink()
    for path in folder.rglob("*"):
        if path.suffix in UNUSED_SUFFIXES and path.is_file():
            path.unlink()
        elif ".so" in path.suffixes and path.is_file():
            drop_symbols(path)


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
