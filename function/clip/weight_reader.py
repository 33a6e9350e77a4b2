"""Weights on their way into the encoder: read one by one, in its arithmetic, with no second copy of all in memory."""

import threading
from collections.abc import Mapping

import torch
from torch import Tensor


class WeightReader:
    """Reads weights in the encoder's arithmetic, one by one: there is never a second copy of all in memory.

    All matrices pass through one buffer, of which each thread that asks has its own. Copies made and freed between
    those that stay would leave holes in the heap: a tenth of the weights' size, for as long as the process lives.
    """

    def __init__(self, weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
        self._weights, self._dtype = weights, dtype
        self._buffers = threading.local()

    def vector(self, name: str) -> Tensor:
        """Return a copy of a small weight, of whatever shape."""
        return self._weights[name].to(self._dtype, copy=True)

    def matrix(self, *names: str, times: float = 1.0) -> Tensor:
        """Return matrices one below the other, multiplied by `times`; the next call, of this thread, overwrites it.

        A convolution kernel, (out, in, height, width), counts as a matrix of shape (out, in * height * width).
        """
        parts = [self._weights[name].flatten(1) for name in names]
        rows, columns = sum(len(part) for part in parts), parts[0].shape[1]
        stacked = self._buffer(rows * columns).view(rows, columns)
        start = 0
        for part in parts:
            stacked[start : start + len(part)].copy_(part)
            start += len(part)
        return stacked if times == 1.0 else stacked.mul_(times)

    def _buffer(self, size: int) -> Tensor:
        """Return the first `size` elements of this thread's buffer."""
        buffer: Tensor | None = getattr(self._buffers, "tensor", None)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers.tensor = torch.empty(size, dtype=self._dtype)
        return buffer[:size]
