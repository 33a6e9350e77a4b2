"""Outlines as point arrays. Every animal consists of a few named curves, and only the pen handles pixels.

Points are arrays of shape (n, 2) in the animal's own units: x right, y down, the animal about -1 to 1.
"""

# ruff: noqa: E501, PLR0913, PLR0917 - outlines are tables of numbers, and coordinates are arguments

import math

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def ellipse(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0, n: int = 30) -> Points:
    """Return an ellipse turned by `turn` degrees clockwise."""
    angle = np.linspace(0, 2 * math.pi, n, endpoint=False)
    x, y = rx * np.cos(angle), ry * np.sin(angle)
    t = math.radians(turn)
    return np.stack([cx + x * math.cos(t) - y * math.sin(t), cy + x * math.sin(t) + y * math.cos(t)], axis=1)


def polygon(*points: tuple[float, float]) -> Points:
    """Return the points as given: straight sides."""
    return np.array(points, dtype=float)


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    """Return an upright rectangle."""
    return polygon((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _catmull_rom(p0: Points, p1: Points, p2: Points, p3: Points, steps: int) -> Points:
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[:, None, :] for p in (p0, p1, p2, p3))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(curve.reshape(-1, 2))


def smooth(*points: tuple[float, float], steps: int = 6) -> Points:
    """Return a closed Catmull-Rom curve through the points."""
    p = np.array(points, dtype=float)
    return _catmull_rom(np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0), steps)


def curve(*points: tuple[float, float], steps: int = 6) -> Points:
    """Return an open Catmull-Rom curve through the points, both ends included."""
    p = np.array(points, dtype=float)
    before, after = np.vstack([p[:1], p[:-2]]), np.vstack([p[2:], p[-1:]])
    return np.vstack([_catmull_rom(before, p[:-1], p[1:], after, steps), p[-1:]])


def tube(spine: Points, widths: tuple[float, ...]) -> Points:
    """Return the outline of a line with thickness: `widths` (half-widths) are spread evenly from its start to its end."""
    along = np.gradient(spine, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    half = np.interp(np.linspace(0, 1, len(spine)), np.linspace(0, 1, len(widths)), widths)[:, None]
    return np.vstack([spine + normal * half, (spine - normal * half)[::-1]])


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float, n: int = 12) -> Points:
    """Return an open arc from `start` to `end` degrees, clockwise from the right."""
    angle = np.radians(np.linspace(start, end, n))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def spiral(turns: float, outer: float, inner: float, squash: float = 1.0, n: int = 60) -> Points:
    """Return an open spiral from `outer` to `inner` radius."""
    angle, radius = np.linspace(0, turns * 2 * math.pi, n), np.linspace(outer, inner, n)
    return np.stack([radius * np.cos(angle), squash * radius * np.sin(angle)], axis=1)
