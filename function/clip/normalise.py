"""Bytes of prepared images to the encoder's input."""

from collections.abc import Sequence

import torch
from torch import Tensor

from function.model.config import PreprocessConfig


class Normalise:
    """Computes `(value * rescale_factor - mean) / std` per channel."""

    def __init__(self, config: PreprocessConfig) -> None:
        std = torch.tensor(config.std).view(3, 1, 1)
        self._side = config.crop_size
        self._scale, self._shift = config.rescale_factor / std, -torch.tensor(config.mean).view(3, 1, 1) / std

    def __call__(self, images: Sequence[bytearray]) -> Tensor:
        """Return the normalised pixels of prepared images, shape (n, 3, crop_size, crop_size), float32."""
        values = [torch.frombuffer(planes, dtype=torch.uint8) for planes in images]
        pixels = torch.stack(values).view(len(images), 3, self._side, self._side)
        return pixels.to(torch.float32).mul_(self._scale).add_(self._shift)
