"""Remove from a folder of installed packages what nothing imports at run time.

    python strip_dependencies.py FOLDER

An image is loaded lazily, in chunks: what is never read costs no start, but it costs build, push and storage. Python
sources stay: tracebacks quote them, and torch reads some of its own. (Python, because Lambda's base has no `find`.)
"""

import shutil
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
"""
# What `import torch` looks for.
NEEDED = "torch/bin/torch_shm_manager"
# Type stubs, and sources of extensions that are built.
UNUSED_SUFFIXES = {".pyi", ".h", ".hpp", ".c", ".cpp", ".cu", ".pyx", ".pxd"}


def strip(folder: Path) -> None:
    """Remove it all from `folder`, where torch is."""
    if not (folder / NEEDED).exists():
        raise SystemExit(f"strip_dependencies: no torch in {folder}")
    for pattern in UNUSED.split():
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            elif path != folder / NEEDED:
                path.unlink()
    for path in folder.rglob("*"):
        if path.suffix in UNUSED_SUFFIXES and path.is_file():
            path.unlink()


if __name__ == "__main__":
    strip(Path(sys.argv[1]))
