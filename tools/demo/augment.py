"""What may happen to a batch on its way into training: crops, turns, mirror, light, grain. Never upside down."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from tools.demo.checkpoint import IMAGE_SIZE_PX, MEAN, STD


def normalise(pixels: Tensor) -> Tensor:
    """Return pixels in [0, 1], shape (n, 3, h, w), as CLIP reads them."""
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return a varied batch, not yet normalised; half of it keeps its sharp pixels, half is moved."""
    varied = pixels.clone()
    moved = torch.rand(len(pixels), generator=generator) < 0.5
    varied[moved] = _move(pixels[moved], generator)
    mirrored = torch.rand(len(pixels), generator=generator) < 0.5
    varied[mirrored] = varied[mirrored].flip(-1)
    return _grain(_light(varied, generator), generator)


def _between(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)


def _move(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Turn by up to 12 degrees, scale and shift."""
    n = len(pixels)
    angle = _between(n, -12, 12, generator) * math.pi / 180
    sx, sy = _between(n, 0.8, 1.15, generator), _between(n, 0.93, 1.07, generator)
    dx, dy = _between(n, -0.12, 0.12, generator), _between(n, -0.12, 0.12, generator)
    cos, sin = angle.cos() * sx, angle.sin() * sx
    theta = torch.stack([torch.stack([cos, -sin * sy, dx], 1), torch.stack([sin, cos * sy, dy], 1)], 1)
    grid = functional.affine_grid(theta, [n, 3, IMAGE_SIZE_PX, IMAGE_SIZE_PX], align_corners=False)
    return functional.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _light(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Change brightness, contrast and saturation; few pictures lose their colour, none changes its hue."""
    n = len(pixels)
    gray = pixels.mean(1, keepdim=True)
    saturation = _between(n, 0.6, 1.3, generator)
    saturation[torch.rand(n, generator=generator) < 0.03] = 0
    mixed = gray + (pixels - gray) * saturation.view(-1, 1, 1, 1)
    contrast, brightness = _between(n, 0.75, 1.2, generator), _between(n, -0.1, 0.1, generator)
    return ((mixed - 0.5) * contrast.view(-1, 1, 1, 1) + 0.5 + brightness.view(-1, 1, 1, 1)).clamp(0, 1)


def _grain(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Add noise to some, blur some, and hide a square of some."""
    n = len(pixels)
    strength = _between(n, 0, 0.05, generator) * (torch.rand(n, generator=generator) < 0.3)
    noisy = pixels + torch.randn(pixels.shape, generator=generator) * strength.view(-1, 1, 1, 1)
    blurred = torch.rand(n, generator=generator) < 0.08
    noisy[blurred] = functional.avg_pool2d(noisy[blurred], 3, stride=1, padding=1, count_include_pad=False)
    for i in torch.nonzero(torch.rand(n, generator=generator) < 0.15).flatten().tolist():
        x, y = torch.randint(0, IMAGE_SIZE_PX - 14, (2,), generator=generator).tolist()
        noisy[i, :, y : y + 14, x : x + 14] = torch.rand(3, 1, 1, generator=generator)
    return noisy.clamp(0, 1)
