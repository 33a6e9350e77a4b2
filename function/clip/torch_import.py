"""Import torch as a service wants it: soon, and quiet when there is nothing to compute.

What serves only training and compilers is left out, where torch's other modules can be imported without it. The largest
part is `torch._meta_registrations`. It tells, for hundreds of operators, what shape comes out of them without computing
it, and imports decompositions and reference implementations to do so. Encoding a picture needs none of it.
Transformers, which loads models on the meta device, may: `complete` makes up for it before the text tower is loaded.
Until then `torch.Generator`, the meta device and what `_LEFT_OUT` names are not to be had; whoever needs them on the
hot path calls `complete` first.

Nor is numpy imported, which nothing here needs: torch does without, as where it is not installed, and the tensors of
such a process have no `numpy()`. Transformers may import it later.
"""

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_LEFT_OUT = (
    "torch._meta_registrations",
    "torch.distributions",
    "torch.export",
    "torch.quantization",
    "torch.utils.data",
)
# How often OpenMP's workers look for the next operation before they sleep (libgomp manual, GOMP_SPINCOUNT): for a
# quarter of a millisecond, longer than most pauses within an encode. The default is 7 ms, through which, after each
# encode, they would hold the CPU that the answer, or the next request, could have.
_SPINS = "10000"
# Nobody here multiplies with numpy, should Transformers import it. Its OpenBLAS starts a worker for each further CPU,
# which spends a tenth of a second of CPU looking for work before it sleeps (`THREAD_TIMEOUT` in its Makefile.rule).
_NUMPY_THREADS = "1"


def import_lean() -> None:
    """Import torch, leaving out what `complete` brings in; does nothing if torch is imported already."""
    if "torch" in sys.modules:
        return
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)  # read when torch's libraries are loaded
    os.environ.setdefault("OPENBLAS_NUM_THREADS", _NUMPY_THREADS)  # read when numpy is imported
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")  # no other devices: else all entry points are read
    sys.modules.update({name: ModuleType(name) for name in _LEFT_OUT})
    with _without_numpy():
        import torch  # noqa: F401, PLC0415


def complete() -> None:
    """Import what was left out, if it was."""
    stand_ins = [name for name in _LEFT_OUT if name in sys.modules and sys.modules[name].__spec__ is None]
    for name in stand_ins:
        del sys.modules[name]
    for name in stand_ins:
        importlib.import_module(name)


@contextmanager
def _without_numpy() -> Iterator[None]:
    """Let `import numpy` fail meanwhile, unless it is imported already; torch would warn of that, and does not."""
    if "numpy" in sys.modules:
        yield
        return
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules["numpy"] = None  # which the import system takes for "not to be found"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Failed to initialize NumPy")
            yield
    finally:
        del sys.modules["numpy"]
