"""What may happen to a batch on its way into training: a shift, the mirror, other light. Never upside down."""

import torch
from torch import Tensor
from torch.nn import functional

from tools.demo.checkpoint import MEAN, STD

SHIFT_PX = 4
GRAY_SHARE = 0.03


def normalise(pixels: Tensor) -> Tensor:
    """Return pixels in [0, 1], shape (n, 3, h, w), as CLIP reads them."""
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return a varied batch, not yet normalised; every pixel keeps its sharpness, so coats keep their strokes."""
    return _light(_mirror(_shift(pixels, generator), generator), generator)


def _between(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return (low + (high - low) * torch.rand(n, generator=generator)).view(-1, 1, 1, 1)


def _shift(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Move each picture by whole pixels; its edge is repeated where it leaves a gap."""
    n, _, height, width = pixels.shape
    padded = functional.pad(pixels, (SHIFT_PX,) * 4, mode="replicate")
    start = torch.randint(0, 2 * SHIFT_PX + 1, (2, n, 1), generator=generator)
    rows, columns = start[0] + torch.arange(height), start[1] + torch.arange(width)
    which = torch.arange(n).view(n, 1, 1)
    return padded.permute(0, 2, 3, 1)[which, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)


def _mirror(pixels: Tensor, generator: torch.Generator) -> Tensor:
    mirrored = torch.rand(len(pixels), generator=generator) < 0.5
    return torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(-1), pixels)


def _light(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Change brightness, contrast and saturation; few pictures lose their colour, none changes its hue."""
    n = len(pixels)
    gray = pixels.mean(1, keepdim=True)
    saturation = _between(n, 0.6, 1.3, generator)
    saturation[torch.rand(n, generator=generator) < GRAY_SHARE] = 0
    mixed = gray + (pixels - gray) * saturation
    contrast, brightness = _between(n, 0.75, 1.2, generator), _between(n, -0.1, 0.1, generator)
    return ((mixed - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)
