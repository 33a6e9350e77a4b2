"""Import torch without what serves only its compilers: a fifth of the time that `import torch` takes.

`torch._meta_registrations` tells, for hundreds of operators, what shape comes out of them without computing it, and
imports decompositions and reference implementations to do so. Encoding a picture needs none of it. Transformers, which
loads models on the meta device, may: `complete` makes up for it before the text tower is loaded. Until then
`torch.Generator` and the meta device are not to be had; whoever needs them on the hot path calls `complete` first.
"""

import importlib
import sys
from types import ModuleType

_LEFT_OUT = "torch._meta_registrations"


def import_lean() -> None:
    """Import torch, leaving out what `complete` brings in; does nothing if torch is imported already."""
    if "torch" in sys.modules:
        return
    sys.modules[_LEFT_OUT] = ModuleType(_LEFT_OUT)
    import torch  # noqa: F401, PLC0415


def complete() -> None:
    """Import what was left out, if it was."""
    stand_in = sys.modules.get(_LEFT_OUT)
    if stand_in is not None and stand_in.__spec__ is None:
        del sys.modules[_LEFT_OUT]
        importlib.import_module(_LEFT_OUT)
