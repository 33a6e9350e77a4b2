"""A linear layer with what follows it, `activation(x W^T + b) + residual`: packed for oneDNN, or on plain torch.

Where torch has no oneDNN for a product (other builds, other CPUs), the same is computed step by step.
"""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor


class PlainLinear:
    """`activation(x W^T + b) + residual` on plain torch."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = weight.clone(), bias

    def __call__(self, x: Tensor, then: str = "none", plus: Tensor | None = None) -> Tensor:
        """Return `then(x W^T + b)`, or with `plus` `x W^T + b + plus`; `then` is none, swish or gelu."""
        y = _PLAIN_ACTIVATIONS[then](F.linear(x, self._weight, self._bias))
        return y if plus is None else y.add_(plus)


class PackedLinear:
    """The same on oneDNN, the weight reordered once and everything after the product fused into it."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = torch.ops.mkldnn._reorder_linear_weight(weight), bias

    def __call__(self, x: Tensor, then: str = "none", plus: Tensor | None = None) -> Tensor:
        """Return the same as `PlainLinear`."""
        product = torch.ops.mkldnn._linear_pointwise
        if plus is not None:
            return product.binary(x, plus, self._weight, self._bias, "add")  # type: ignore[no-any-return]
        algorithm = "none" if then == "gelu" else ""  # the exact GELU, not its tanh approximation
        return product(x, self._weight, self._bias, then, [], algorithm)  # type: ignore[no-any-return]


Linear = PlainLinear | PackedLinear
# By the names that oneDNN gives them.
_PLAIN_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"none": lambda x: x, "swish": F.silu, "gelu": F.gelu}


def linear(weight: Tensor, bias: Tensor | None) -> Linear:
    """Return the fastest linear layer that this build of torch can run on this CPU; it copies the weight."""
    return (PackedLinear if has_packed_linear(weight.dtype) else PlainLinear)(weight, bias)


@cache
def has_packed_linear(dtype: torch.dtype) -> bool:
    """Return whether `PackedLinear` works here: by trying, for builds differ in more than they declare."""
    x = torch.ones(2, 16, dtype=dtype)
    try:
        ones = PackedLinear(torch.ones(16, 16, dtype=dtype), torch.ones(16, dtype=dtype))
        return bool((ones(x) == 17).all() and (ones(x, plus=x) == 18).all())
    except (AttributeError, RuntimeError):
        return False
