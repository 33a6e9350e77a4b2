"""One turn of `benchmarks.tricks`, and a function for each optimisation that switches it off.

A function runs in a new process before the service is imported. It changes the environment or replaces one function of
the service with the plain way to do the same.
"""

import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from benchmarks.fixtures import Files, memory_mb, uploaded

_ENCODES, _ANSWERS, _PAUSE_S = 30, 8, 0.05
_CONTEXT = SimpleNamespace(aws_request_id="benchmark")


def take_turn(switch_off: Callable[[], None] | None) -> dict[str, float]:
    """Load the service, answer events, and return the figures of this process."""
    files = Files()
    small, large = (json.loads(files.event(name).read_text()) for name in ("0.2mp_jpeg", "12mp_jpeg"))
    start, start_cpu = time.perf_counter(), time.process_time()
    if switch_off:
        switch_off()  # it may import torch, which is part of the start
    from function.clip.torch_import import import_lean  # noqa: PLC0415 - the imports are what is measured

    before_torch = time.process_time()
    import_lean()
    torch_cpu = time.process_time() - before_torch
    from function.handler import handler, tagger  # noqa: PLC0415

    _answer(handler, small)
    figures = {"start_wall_s": time.perf_counter() - start, "start_cpu_s": time.process_time() - start_cpu}
    figures["import_torch_cpu_s"] = torch_cpu
    image = tagger.decode(uploaded(small))
    figures["encode_ms"] = _median_ms(lambda: tagger.tag_images([image]), _ENCODES)
    figures["event_small_ms"] = _median_ms(lambda: _answer(handler, small), _ANSWERS)
    figures["event_large_ms"] = _median_ms(lambda: _answer(handler, large), _ANSWERS)
    cpu = time.process_time()
    for _ in range(_ANSWERS):
        _answer(handler, small)
        time.sleep(_PAUSE_S)  # the pause is part of the figure: workers may spin in it
    figures["request_cpu_ms"] = (time.process_time() - cpu) / _ANSWERS * 1000
    tagger.tag_images([image] * 8)
    _answer(handler, json.loads(files.event("2mp_png").read_text()))
    figures["peak_mb"] = memory_mb()["peak_mb"]
    return figures


def _answer(handler: Any, event: dict[str, Any]) -> None:
    response = handler(event, _CONTEXT)
    if response["statusCode"] != 200:
        raise SystemExit(f"benchmark: the service answered {response['statusCode']}: {response['body'][:300]}")


def _median_ms(call: Callable[[], Any], times: int) -> float:
    call()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


# --- start


def _torch_import() -> Any:
    from function.clip import torch_import  # noqa: PLC0415

    return torch_import


def _import_everything_but(*names: str) -> None:
    """Leave out only the torch modules that are not in `names`."""
    torch_import = _torch_import()
    torch_import._LEFT_OUT = tuple(name for name in torch_import._LEFT_OUT if name not in names)


def meta_registrations() -> None:
    """Import torch with its meta registrations."""
    _import_everything_but("torch._meta_registrations")


def other_torch_modules() -> None:
    """Import torch with the modules for training and compilers."""
    _import_everything_but("torch.distributions", "torch.export", "torch.quantization", "torch.utils.data")


def numpy() -> None:
    """Import torch with numpy."""
    from contextlib import nullcontext  # noqa: PLC0415

    _torch_import()._without_numpy = nullcontext


def plugin_lookups() -> None:
    """Look up the entry points of all packages, twice, as pydantic and torch do by default."""
    os.environ.pop("PYDANTIC_DISABLE_PLUGINS", None)
    os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "1"


def garbage_collection() -> None:
    """Collect garbage during the start."""
    gc.disable = gc.freeze = lambda: None


def background_loading() -> None:
    """Load the weights first, then import the web framework."""
    from function.clip.torch_import import import_lean  # noqa: PLC0415

    import_lean()
    from function.tagging.tagger import Tagger  # noqa: PLC0415

    load = Tagger.load_in_background.__func__  # type: ignore[attr-defined]

    def load_and_wait(cls: type[Tagger], *arguments: Any) -> Any:
        future = load(cls, *arguments)
        future.result()
        return future

    Tagger.load_in_background = classmethod(load_and_wait)  # type: ignore[method-assign, assignment]


def _module(name: str) -> Any:
    """Import a module of the service as the service does."""
    from importlib import import_module  # noqa: PLC0415

    from function.clip.torch_import import import_lean  # noqa: PLC0415

    import_lean()
    return import_module(name)


def packing_threads() -> None:
    """Pack all layers on one thread."""
    module = _module("function.clip.transformer")
    packing_threads = module._packing_threads
    module._packing_threads = lambda _: packing_threads(1)


# --- memory


def remapping() -> None:
    """Map the file of weights once, so that all pages that were read stay resident."""
    _module("function.model.tensor_file")._TENSORS_A_MAPPING = 10**9


def one_malloc_arena() -> None:
    """Let each thread allocate from a heap of its own, as glibc does by default."""
    _torch_import()._limit_malloc_to_one_arena = lambda: None


def weight_buffers() -> None:
    """Make a new tensor for each matrix."""
    torch = _module("torch")
    reader = _module("function.clip.weight_reader").WeightReader
    reader._buffer = lambda self, size: torch.empty(size, dtype=self._dtype)


# --- encoding


def half_products() -> None:
    """Multiply by oneDNN, with weights in float32."""
    _module("function.clip.linear").multiplies_halves = lambda _: False


def direct_half_call() -> None:
    """Call the half-precision product through `torch.ops`."""
    torch, linear = _module("torch"), _module("function.clip.linear")

    def half_product(weight: Any, bias: Any) -> Any:
        packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
        return lambda x: torch.ops.quantized.linear_dynamic_fp16(x, packed)

    linear._half_product = half_product


def packed_products() -> None:
    """Multiply with `torch.nn.functional.linear`."""
    linear = _module("function.clip.linear")
    linear.multiplies_halves = linear.has_packed_linear = lambda _: False


def last_layer() -> None:
    """Compute the last layer for all tokens, then take the class token."""
    torch, module = _module("torch"), _module("function.clip.transformer")

    class WholeLayer(module._Layer):  # type: ignore[misc, name-defined]
        def __init__(self, read: Any, name: str, config: Any, token: int) -> None:
            super().__init__(read, name, config)
            self._token = token

        def __call__(self, x: Any, groups: Any) -> Any:
            sequences = module._sequences(super().__call__(x, groups), groups)
            return torch.cat([tokens[:, self._token] for tokens in sequences])

    module._LastLayer = WholeLayer


def attention() -> None:
    """Use torch's fused attention."""
    torch, module = _module("torch"), _module("function.clip.transformer")

    def attend(self: Any, qkv: Any, group: Any) -> Any:
        q, k, v = qkv.view(group.count, group.length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        attended = torch.nn.functional.scaled_dot_product_attention(q, k, v, group.mask, scale=self._scale)
        return attended.transpose(1, 2).flatten(2).flatten(0, 1)

    module._Layer._attend = attend


def openmp_spinning() -> None:
    """Leave GNU OpenMP's default: workers wait for 7 ms in a loop."""
    os.environ["GOMP_SPINCOUNT"] = "300000"


# --- photos


def reduced_jpeg() -> None:
    """Decode JPEGs at full scale."""
    from PIL import JpegImagePlugin  # noqa: PLC0415

    JpegImagePlugin.JpegImageFile.draft = lambda *_: None  # type: ignore[method-assign]


def pybase64() -> None:
    """Let Python decode base64."""
    import base64  # noqa: PLC0415

    import pybase64 as module  # noqa: PLC0415

    module.b64decode = base64.b64decode  # type: ignore[assignment]
