"""The pen: turns outlines into pixels in one of many drawing styles, so that the model learns shapes, not a style.

One pen draws one subject on a transparent layer, twice as large as the picture, with a fixed pose (scale, turn, mirror,
warp) and style (flat, outline, silhouette, sketch, gradient; line width; paper).
"""

import colorsys
import math
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from models.demo.recipe.shapes import Points

Colour = tuple[int, int, int]
INK: Colour = (30, 26, 28)
WHITE: Colour = (255, 255, 255)
FUR_LENGTHS = {"short-hair": 0.03, "medium-hair": 0.12, "long-hair": 0.26}
DARK = 200  # the sum of a colour's channels below which its strokes are lighter than it, not darker
LEAST_FUR = 0.6  # of that length, on however small a part: at 72 pixels less is not seen


def tint(colour: Colour, amount: float) -> Colour:
    """Return the colour made lighter (amount above 0, up to 1: white) or darker (below 0, down to -1: black)."""
    target = 255 if amount > 0 else 0
    red, green, blue = (round(c + (target - c) * abs(amount)) for c in colour)
    return red, green, blue


def hue(h: float, s: float, v: float) -> Colour:
    """Return a colour from hue, saturation and value, each 0 to 1."""
    red, green, blue = (round(255 * c) for c in colorsys.hsv_to_rgb(h % 1.0, min(1, max(0, s)), min(1, max(0, v))))
    return red, green, blue


@dataclass(frozen=True)
class Style:
    """How a subject is drawn: `kind` is flat, outline or silhouette; `line` the width of its lines, 0 for none."""

    kind: str
    line: float
    ink: Colour
    paper: Colour
    sketchy: bool
    dark_lines: bool


def random_style(rng: Random, silhouettes: bool = True) -> Style:
    """Pick a style: mostly filled drawings, with some outlines and, where they tell enough, silhouettes."""
    kind = rng.choices(["flat", "outline", "silhouette"], [0.84, 0.12, 0.04 if silhouettes else 0.0])[0]
    bordered = kind == "outline" or rng.random() < 0.65
    ink = INK if rng.random() < 0.7 else hue(rng.random(), rng.uniform(0.2, 0.9), rng.uniform(0.05, 0.4))
    return Style(
        kind=kind,
        line=rng.uniform(0.022, 0.075) if bordered else 0.0,
        ink=ink,
        paper=WHITE if rng.random() < 0.6 else hue(rng.random(), rng.uniform(0, 0.25), rng.uniform(0.85, 1)),
        sketchy=kind != "silhouette" and rng.random() < 0.12,
        dark_lines=rng.random() < 0.6,
    )


@dataclass(frozen=True)
class Place:
    """Bounds of a subject's size and centre. `zoom` is half of its extent; all are shares of the picture's side."""

    zoom: tuple[float, float]
    across: tuple[float, float]
    down: tuple[float, float]


class Pen:
    """Draws outlines given in animal units onto `layer`, an RGBA image of `size` pixels a side."""

    def __init__(self, rng: Random, style: Style, size: int, place: Place, fur: str | None = None) -> None:
        self.rng, self.style, self.size, self.fur = rng, style, size, fur
        self.layer = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.layer)
        zoom = rng.uniform(*place.zoom)
        angle = math.radians(max(-18.0, min(18.0, rng.gauss(0, 7))))
        stretch, mirror = rng.uniform(0.88, 1.14), rng.choice([-1, 1])
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        self._matrix = turn @ np.diag([mirror * stretch, 1 / stretch]) * zoom * size
        self._centre = size * np.array([rng.uniform(*place.across), rng.uniform(*place.down)])
        self._unit = zoom * size
        self._warp = [(rng.uniform(0, 0.06), rng.uniform(1.5, 4), rng.uniform(0, 6.3)) for _ in range(2)]

    def _pixels(self, points: Points) -> Points:
        (ax, fx, px), (ay, fy, py) = self._warp
        warped = np.stack(
            [points[:, 0] + ax * np.sin(fx * points[:, 1] + px), points[:, 1] + ay * np.sin(fy * points[:, 0] + py)],
            axis=1,
        )
        return np.asarray(warped @ self._matrix.T + self._centre)

    def _stroke(self, pixels: Points, colour: Colour, width: float, closed: bool) -> None:
        outline = np.vstack([pixels, pixels[:2]]) if closed else pixels
        passes = 2 if self.style.sketchy else 1
        for _ in range(passes):
            if self.style.sketchy:
                shake = np.array([self.rng.gauss(0, 0.018 * self._unit) for _ in range(outline.size)])
                path = outline + shake.reshape(outline.shape)
            else:
                path = outline
            px = max(1, round(width * self._unit / passes))
            self._draw.line([tuple(p) for p in path], fill=(*colour, 255), width=px, joint="curve")

    def _fill_colour(self, colour: Colour) -> Colour:
        return {"flat": colour, "outline": self.style.paper, "silhouette": self.style.ink}[self.style.kind]

    def _line_colour(self, colour: Colour) -> Colour:
        return self.style.ink if self.style.dark_lines or self.style.kind == "outline" else tint(colour, -0.5)

    def part(self, outline: Points, colour: Colour, edge: bool = True) -> None:
        """Fill an outline in `colour` as the style has it, with a line around it where the style has lines."""
        pixels = self._pixels(outline)
        self._draw.polygon([tuple(p) for p in pixels], fill=(*self._fill_colour(colour), 255))
        if edge and self.style.line and self.style.kind != "silhouette":
            self._stroke(pixels, self._line_colour(colour), self.style.line, closed=True)

    def mark(self, outline: Points, colour: Colour) -> None:
        """Fill a small feature (eye, nose, stripe) that stays visible in every style."""
        if self.style.kind == "silhouette":
            return
        if self.style.kind == "outline" and sum(colour) > 330:
            self.part(outline, colour)
            return
        self._draw.polygon([tuple(p) for p in self._pixels(outline)], fill=(*colour, 255))

    def patch(self, outline: Points, colour: Colour) -> None:
        """Fill an area of another colour (belly, patch): only where the style has colours, and without a line."""
        if self.style.kind == "flat":
            self._draw.polygon([tuple(p) for p in self._pixels(outline)], fill=(*colour, 255))

    def line(self, path: Points, colour: Colour, width: float = 0.03) -> None:
        """Draw an open line."""
        ink = self.style.ink if self.style.kind == "silhouette" else colour
        self._stroke(self._pixels(path), ink, width, closed=False)

    def eye(self, x: float, y: float, r: float, iris: Colour = INK) -> None:
        """Draw an eye: a dot, a dot with a glint, or white with a pupil."""
        look = self._eye_look
        if self.style.kind == "silhouette":
            self._dot(x, y, r * 0.8, self.style.paper)
        elif look < 0.35:
            self._dot(x, y, r * 0.8, INK)
        elif look < 0.7:
            self._dot(x, y, r, INK)
            self._dot(x + r * 0.3, y - r * 0.35, r * 0.35, WHITE)
        else:
            self._dot(x, y, r * 1.25, INK)
            self._dot(x, y, r * 1.05, WHITE if look < 0.85 else iris)
            self._dot(x, y, r * 0.55, INK)

    @property
    def _eye_look(self) -> float:
        if not hasattr(self, "_look"):
            self._look = self.rng.random()
        return self._look

    def _dot(self, x: float, y: float, r: float, colour: Colour) -> None:
        angle = np.linspace(0, 2 * math.pi, 14, endpoint=False)
        outline = np.stack([x + r * np.cos(angle), y + r * np.sin(angle)], axis=1)
        self._draw.polygon([tuple(p) for p in self._pixels(outline)], fill=(*colour, 255))

    def furry(self, outline: Points, colour: Colour, amount: float = 1.0) -> None:
        """Fill a part covered in fur: a ragged outline and strokes show the coat's length; `amount` scales it."""
        if self.fur is None:
            self.part(outline, colour)
            return
        length = FUR_LENGTHS[self.fur] * max(LEAST_FUR, amount) * self.rng.uniform(0.9, 1.1)
        ragged = outline if self.fur == "short-hair" else self._ragged(outline, length)
        self.part(ragged, colour)
        if self.style.kind != "silhouette":
            self._strokes(outline, colour, length)

    def _ragged(self, outline: Points, length: float) -> Points:
        """Return the outline with a lock of fur every step, pointing outwards and, when long, hanging down."""
        steps = np.linalg.norm(np.diff(outline, axis=0, append=outline[:1]), axis=1)
        around = np.concatenate([[0], np.cumsum(steps)])
        locks = max(8, int(around[-1] / (0.08 + 0.45 * length)))
        closed = np.vstack([outline, outline[:1]])
        at = np.linspace(0, around[-1], 2 * locks, endpoint=False)
        points = np.stack([np.interp(at, around, closed[:, i]) for i in (0, 1)], axis=1)
        centre = points.mean(axis=0)
        outward = points - centre
        outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-9
        outward[:, 1] += 0.9 if self.fur == "long-hair" else 0.0
        reach = np.array([length * self.rng.uniform(0.6, 1.1) if i % 2 else -0.2 * length for i in range(2 * locks)])
        return np.asarray(points + outward * reach[:, None])

    def _strokes(self, outline: Points, colour: Colour, length: float) -> None:
        """Draw the coat's strokes inside an outline; their length is the coat's."""
        centre = outline.mean(axis=0)
        spread = float(np.abs(outline - centre).max())
        count = int(min(50, 10 + 35 * spread)) if self.fur != "short-hair" else int(min(24, 4 + 18 * spread))
        dark = sum(colour) < DARK
        shades = (tint(colour, 0.35), tint(colour, 0.5)) if dark else (tint(colour, -0.35), tint(colour, -0.5))
        edges = outline[[self.rng.randrange(len(outline)) for _ in range(count)]]
        inwards = np.array([[math.sqrt(self.rng.random()) * 0.92] for _ in range(count)])
        astray = np.array([[self.rng.gauss(0, 0.2), 0.55] for _ in range(count)])
        outward = (edges - centre) / (np.linalg.norm(edges - centre, axis=1, keepdims=True) + 1e-9)
        starts = centre + (edges - centre) * inwards
        ends = starts + (outward * (0.7, 0.5) + astray) * length * 1.1
        for start, end in zip(self._pixels(starts).tolist(), self._pixels(ends).tolist(), strict=True):
            ink = self.style.ink if self.style.kind == "outline" else self.rng.choice(shades)
            self._draw.line([*start, *end], fill=(*ink, 255), width=max(1, round(0.03 * self._unit)))
