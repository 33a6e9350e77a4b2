"""Linear layers with what follows them, `activation(x W^T + b)` and `x W^T + b + residual`, as functions of x.

They run on oneDNN, the weight reordered once and everything after the product fused into it. Where torch has no oneDNN
for a product (other builds, other CPUs), the same is computed step by step.
"""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

Linear = Callable[[Tensor], Tensor]
LinearAdd = Callable[[Tensor, Tensor], Tensor]
# By the names that oneDNN gives them.
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"none": lambda x: x, "swish": F.silu, "gelu": F.gelu}


def linear(weight: Tensor, bias: Tensor | None, then: str = "none") -> Linear:
    """Return the function from x to `then(x W^T + b)`; `then` is none, swish or gelu. The weight is copied."""
    if not has_packed_linear(weight.dtype):
        weight, activation = weight.clone(), _ACTIVATIONS[then]
        return lambda x: activation(F.linear(x, weight, bias))
    packed, product = _pack(weight), torch.ops.mkldnn._linear_pointwise.default._op
    algorithm = "none" if then == "gelu" else ""  # the exact GELU, not its tanh approximation
    return lambda x: product(x, packed, bias, then, [], algorithm)


def linear_add(weight: Tensor, bias: Tensor | None) -> LinearAdd:
    """Return the function from x and a residual to `x W^T + b + residual`. The weight is copied."""
    if not has_packed_linear(weight.dtype):
        weight = weight.clone()
        return lambda x, residual: F.linear(x, weight, bias).add_(residual)
    packed, product = _pack(weight), torch.ops.mkldnn._linear_pointwise.binary._op
    return lambda x, residual: product(x, residual, packed, bias, "add")


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
