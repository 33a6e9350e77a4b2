"""Import torch as a service wants it: soon, and quiet when there is nothing to compute.

What serves only its compilers is left out, a fifth of the time that `import torch` takes.

`torch._meta_registrations` tells, for hundreds of operators, what shape comes out of them without computing it, and
imports decompositions and reference implementations to do so. Encoding a picture needs none of it. Transformers, which
loads models on the meta device, may: `complete` makes up for it before the text tower is loaded. Until then
`torch.Generator` and the meta device are not to be had; whoever needs them on the hot path calls `complete` first.
"""

import importlib
import os
import sys
from types import ModuleType

_LEFT_OUT = "torch._meta_registrations"
# How often OpenMP's workers look for the next operation before they sleep (libgomp manual, GOMP_SPINCOUNT): for a
# quarter of a millisecond, longer than most pauses within an encode. The default is 7 ms, through which, after each
# encode, they would hold the CPU that the answer, or the next request, could have.
_SPINS = "10000"
# Nothing here multiplies with numpy, whose OpenBLAS starts a worker for each further CPU as soon as it is loaded; each
# spends a tenth of a second of CPU looking for work before it sleeps (`THREAD_TIMEOUT` in OpenBLAS's Makefile.rule).
_NUMPY_THREADS = "1"


def import_lean() -> None:
    """Import torch, leaving out what `complete` brings in; does nothing if torch is imported already."""
    if "torch" in sys.modules:
        return
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)  # read when torch's libraries are loaded
    os.environ.setdefault("OPENBLAS_NUM_THREADS", _NUMPY_THREADS)  # read when numpy is, by what torch imports
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")  # no other devices: else all entry points are read
    sys.modules[_LEFT_OUT] = ModuleType(_LEFT_OUT)
    import torch  # noqa: F401, PLC0415


def complete() -> None:
    """Import what was left out, if it was."""
    stand_in = sys.modules.get(_LEFT_OUT)
    if stand_in is not None and stand_in.__spec__ is None:
        del sys.modules[_LEFT_OUT]
        importlib.import_module(_LEFT_OUT)
