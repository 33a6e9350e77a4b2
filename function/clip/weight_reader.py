"""Weights of an encoder in its number format, read one by one so that memory holds only one copy of them."""

import threading
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor


class Matrix(NamedTuple):
    """Weights of a product, shape (out, in), in the encoder's number format."""

    values: Tensor
    is_half: bool
    """Whether half precision holds every value exactly."""


class WeightReader:
    """Reads weights. Each thread reads its matrices into one buffer.

    A new tensor for each matrix would leave holes in the heap, as large as a tenth of the weights.
    """

    def __init__(self, weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
        self._weights, self._dtype = weights, dtype
        self._buffers = threading.local()

    def copy(self, name: str) -> Tensor:
        """Return a copy of a weight of any shape. The caller may keep and change it."""
        return self._weights[name].to(self._dtype, copy=True)

    def matrix(self, *names: str) -> Matrix:
        """Return matrices one below the other. The next call in this thread overwrites them.

        A convolution kernel, (out, in, height, width), counts as a matrix of shape (out, in * height * width).
        """
        parts = [self._weights[name].flatten(1) for name in names]
        rows, columns = sum(len(part) for part in parts), parts[0].shape[1]
        stacked = self._buffer(rows * columns).view(rows, columns)
        start = 0
        for part in parts:
            stacked[start : start + len(part)].copy_(part)
            start += len(part)
        return Matrix(stacked, is_half=all(part.dtype == torch.float16 for part in parts))

    def _buffer(self, size: int) -> Tensor:
        """Return the first `size` elements of this thread's buffer."""
        buffer: Tensor | None = getattr(self._buffers, "tensor", None)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers.tensor = torch.empty(size, dtype=self._dtype)
        return buffer[:size]
