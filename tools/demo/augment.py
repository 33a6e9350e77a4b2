"""Augment training batches: shift, mirror and change the light. Pictures are never turned upside down."""

import torch
from torch import Tensor

from tools.demo.checkpoint import MEAN, STD

SHIFT_PX = 4
GRAY_SHARE = 0.03


def normalise(pixels: Tensor) -> Tensor:
    """Return pixels in [0, 1], shape (n, 3, h, w), as CLIP reads them."""
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return a varied batch, not yet normalised; every pixel keeps its sharpness, so coats keep their strokes."""
    return _light(_moved(pixels, generator), generator)


def _between(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return (low + (high - low) * torch.rand(n, generator=generator)).view(-1, 1, 1, 1)


def _moved(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Move each picture by whole pixels, its edge repeated where it leaves a gap, and mirror half of them."""
    n, _, height, width = pixels.shape
    down, right = torch.randint(-SHIFT_PX, SHIFT_PX + 1, (2, n, 1), generator=generator)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    across = torch.arange(width)
    rows = (torch.arange(height) + down).clamp(0, height - 1)
    columns = (torch.where(mirrored, across.flip(0), across) + right).clamp(0, width - 1)
    which = torch.arange(n).view(n, 1, 1)
    return pixels.permute(0, 2, 3, 1)[which, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)


def _light(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Change saturation, contrast and brightness. Few pictures lose their colour; hues do not change."""
    n = len(pixels)
    saturation = _between(n, 0.6, 1.3, generator)
    saturation[torch.rand(n, generator=generator) < GRAY_SHARE] = 0
    contrast, brightness = _between(n, 0.75, 1.2, generator), _between(n, -0.1, 0.1, generator)
    gray = pixels.mean(1, keepdim=True)
    rest = gray * (contrast * (1 - saturation)) + (0.5 - 0.5 * contrast + brightness)
    return torch.addcmul(rest, pixels, contrast * saturation).clamp_(0, 1)
