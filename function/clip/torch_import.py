"""Import torch quickly, and keep its threads quiet when there is nothing to compute.

Modules of torch that only training and compilers need are left out, if the rest of torch can be imported without them.
The largest is `torch._meta_registrations`. It computes the shapes of the results of hundreds of operators, and imports
decompositions and reference implementations for that. Encoding pictures and texts does not need it. In such a process
`torch.Generator`, the meta device and the modules in `_LEFT_OUT` do not work.

numpy is not imported either. Tensors of such a process have no `numpy()`.
"""

import ctypes
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType

_LEFT_OUT = (
    "torch._meta_registrations",
    "torch.distributions",
    "torch.export",
    "torch.quantization",
    "torch.utils.data",
)
# How often OpenMP's workers look for the next operation before they sleep (libgomp manual, GOMP_SPINCOUNT). This is a
# quarter of a millisecond, longer than most pauses within an encode. With the default of 7 ms the workers would keep a
# CPU busy after each encode, while the answer or the next request needs it.
_SPINS = "10000"
_M_ARENA_MAX = -8  # malloc.h of glibc


def import_lean() -> None:
    """Import torch without the modules in `_LEFT_OUT`. Does nothing if torch is imported already."""
    if "torch" in sys.modules:
        return
    _limit_malloc_to_one_arena()
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)  # read when torch's libraries are loaded
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")  # do not search all entry points for other devices
    sys.modules.update({name: ModuleType(name) for name in _LEFT_OUT})
    with _without_numpy():
        import torch  # noqa: F401, PLC0415


def _limit_malloc_to_one_arena() -> None:
    """Let all threads allocate from one heap, because each further heap keeps free memory of its own (glibc only)."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


@contextmanager
def _without_numpy() -> Iterator[None]:
    """Make `import numpy` fail in this block, unless numpy is imported already, and suppress torch's warning."""
    if "numpy" in sys.modules:
        yield
        return
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules["numpy"] = None  # the import system then reports that there is no such module
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Failed to initialize NumPy")
            yield
    finally:
        del sys.modules["numpy"]
