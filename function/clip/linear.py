"""Linear layers with a fused activation, `activation(x W^T + b)`, or a residual, `times * x W^T + b + residual`.

A weight that half precision holds exactly stays in half precision, and FBGEMM multiplies it in float32, if that is
faster (`multiplies_halves`). Other weights are reordered once for oneDNN, which also adds bias, activation and
residual. If this build of torch has no oneDNN product for the type, the plain operations are used.
"""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from function.clip.weight_reader import Matrix

Linear = Callable[[Tensor], Tensor]
LinearAdd = Callable[[Tensor, Tensor], Tensor]
# By oneDNN's names. They may overwrite their argument.
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "swish": lambda x: F.silu(x, inplace=True),
    "gelu": F.gelu,
}


def linear(weight: Matrix, bias: Tensor | None, then: str = "none") -> Linear:
    """Return the function from x to `then(x W^T + b)`. `then` is none, swish or gelu. The weight is copied."""
    values, activation = weight.values, _ACTIVATIONS[then]
    if weight.is_half and multiplies_halves(values.dtype):
        half_product = _half_product(values, bias)
        return lambda x: activation(half_product(x))
    if not has_packed_linear(values.dtype):
        values = values.clone()
        return lambda x: activation(F.linear(x, values, bias))
    packed, product = _pack(values), torch.ops.mkldnn._linear_pointwise.default._op
    algorithm = "none" if then == "gelu" else ""  # the exact GELU, not its tanh approximation
    return lambda x: product(x, packed, bias, then, [], algorithm)


def linear_add(weight: Matrix, bias: Tensor, times: float = 1.0) -> LinearAdd:
    """Return the function from x and a residual to `times * x W^T + b + residual`.

    The weight is copied. The arguments, and each residual, may be overwritten.
    """
    values = weight.values
    if weight.is_half and multiplies_halves(values.dtype):
        half_product = _half_product(values, bias / times)
        return lambda x, residual: residual.add_(half_product(x), alpha=times)
    if times != 1.0:
        values.mul_(times)
    if not has_packed_linear(values.dtype):
        values = values.clone()
        return lambda x, residual: F.linear(x, values, bias).add_(residual)
    packed, product = _pack(values), torch.ops.mkldnn._linear_pointwise.binary._op
    return lambda x, residual: product(x, residual, packed, bias, "add")


def _half_product(weight: Tensor, bias: Tensor | None) -> Linear:
    """Return the function from x to x W^T + b, in float32 except for the stored weight.

    The operator is called without `torch.ops`, because that looks for `__torch_function__` on the packed weight, which
    costs two C++ exceptions a call.
    """
    packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    product, call = torch.ops.quantized.linear_dynamic_fp16.default._handle, torch._C._dispatch_call_boxed
    return lambda x: call(product, x, packed)


def _pack(weight: Tensor) -> Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight)  # type: ignore[no-any-return]


@cache
def has_packed_linear(dtype: torch.dtype) -> bool:
    """Return whether this build of torch has oneDNN's products, by trying them."""
    x, weight, bias = (torch.ones(shape, dtype=dtype) for shape in ((2, 16), (16, 16), 16))
    try:
        packed = _pack(weight)
        product = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")
        added = torch.ops.mkldnn._linear_pointwise.binary(x, x, packed, bias, "add")
    except (AttributeError, RuntimeError):
        return False
    return bool((product == 17).all() and (added == 18).all())


@cache
def multiplies_halves(dtype: torch.dtype) -> bool:
    """Return whether half-precision weights should stay in half precision for products of `dtype`.

    This is so in float32 on CPUs with AVX2 alone, where reading half the bytes saves more than fused operations do.
    With AVX-512, oneDNN is faster.
    """
    if dtype != torch.float32 or torch.backends.cpu.get_cpu_capability() != "AVX2":
        return False
    try:
        product = _half_product(torch.ones(16, 16), torch.ones(16))
        return bool((product(torch.ones(2, 16)) == 17).all())
    except (AttributeError, RuntimeError):
        return False
