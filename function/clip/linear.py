"""Linear layers with what follows them, `activation(x W^T + b)` and `times * x W^T + b + residual`, as functions of x.

A weight that half precision can hold is multiplied in float32 by FBGEMM, straight from half the bytes, where that is
faster (`multiplies_halves`). All others run on oneDNN, the weight reordered once and everything after the product fused
into it. Where torch has no oneDNN for a product (other builds, other CPUs), the same is computed step by step.
"""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from function.clip.weight_reader import Matrix

Linear = Callable[[Tensor], Tensor]
LinearAdd = Callable[[Tensor, Tensor], Tensor]
# By the names that oneDNN gives them; what they are given is used up.
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "swish": lambda x: F.silu(x, inplace=True),
    "gelu": F.gelu,
}


def linear(weight: Matrix, bias: Tensor | None, then: str = "none") -> Linear:
    """Return the function from x to `then(x W^T + b)`; `then` is none, swish or gelu. The weight is copied."""
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

    The weight is copied; what was given is used up, and so is each residual: its memory may be the result's.
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
    """Return the function from x to x W^T + b; of the weight it keeps halves, all else is float32.

    The operator is called past `torch.ops`, which asks what is packed for `__torch_function__`: it has none, and says
    so by two C++ exceptions a call, which take longer than calling torch's other operators does.
    """
    packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    product, call = torch.ops.quantized.linear_dynamic_fp16.default._handle, torch._C._dispatch_call_boxed
    return lambda x: call(product, x, packed)


def _pack(weight: Tensor) -> Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight)  # type: ignore[no-any-return]


@cache
def has_packed_linear(dtype: torch.dtype) -> bool:
    """Return whether oneDNN's products work here: by trying, for builds differ in more than they declare."""
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
    """Return whether half-precision weights are best left so in products of `dtype`: in float32, with AVX2 alone.

    There oneDNN's blocks for matrices are of the wrong shape, and half the bytes to read are worth more than what is
    fused. With AVX-512, oneDNN is ahead.
    """
    if dtype != torch.float32 or torch.backends.cpu.get_cpu_capability() != "AVX2":
        return False
    try:
        product = _half_product(torch.ones(16, 16), torch.ones(16))
        return bool((product(torch.ones(2, 16)) == 17).all())
    except (AttributeError, RuntimeError):
        return False
