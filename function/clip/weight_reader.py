"""Weights on their way into the encoder: read one by one, in its arithmetic, with no second copy of all in memory."""

from collections.abc import Mapping

import torch
from torch import Tensor


class WeightReader:
    """Reads weights in the encoder's arithmetic, one by one: there is never a second copy of all in memory.

    All matrices pass through one buffer. Copies made and freed between those that stay would leave holes in the heap:
    a tenth of the weights' size, for as long as the process lives.
    """

    def __init__(self, weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
        self._weights = weights
        self._buffer = torch.empty(0, dtype=dtype)

    def vector(self, name: str) -> Tensor:
        """Return a copy of a small weight, of whatever shape."""
        return self._weights[name].to(self._buffer.dtype, copy=True)

    def matrix(self, *names: str, times: float = 1.0) -> Tensor:
        """Return matrices one below the other, multiplied by `times`; the next call overwrites what this one returns.

        A convolution kernel, (out, in, height, width), counts as a matrix of shape (out, in * height * width).
        """
        parts = [self._weights[name].flatten(1) for name in names]
        rows, columns = sum(len(part) for part in parts), parts[0].shape[1]
        if self._buffer.numel() < rows * columns:
            self._buffer = self._buffer.new_empty(rows * columns)
        stacked = self._buffer[: rows * columns].view(rows, columns)
        start = 0
        for part in parts:
            stacked[start : start + len(part)].copy_(part)
            start += len(part)
        return stacked if times == 1.0 else stacked.mul_(times)
