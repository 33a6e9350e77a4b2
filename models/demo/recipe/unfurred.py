"""The pets without fur (bird, fish, turtle, snake, lizard), in one or two poses each."""

# Outlines are tables of numbers: a formatter would write one number per line.
# ruff: noqa: E501, PLR0913, PLR0917 - coordinates are arguments
# fmt: off

from dataclasses import replace
from random import Random

from models.demo.recipe.furred import Coat
from models.demo.recipe.pen import INK, WHITE, Colour, Pen, hue, tint
from models.demo.recipe.shapes import Points, arc, curve, ellipse, polygon, smooth, spiral, tube

_HUES = {"red": 0.0, "orange": 0.07, "yellow": 0.14, "green": 0.31, "blue": 0.58, "purple": 0.78}
BEAKS: list[Colour] = [(240, 160, 40), (235, 195, 60), (90, 80, 80), (225, 110, 50)]


def vivid_coat(rng: Random, names: list[str]) -> Coat:
    """Pick a colour by name; these animals come in colours fur does not have."""
    name = rng.choice(names)
    if name in ("brown", "gray", "white", "black"):
        h, s, v = {"brown": (0.08, 0.55, 0.5), "gray": (0.6, 0.08, 0.6), "white": (0.1, 0.03, 0.95), "black": (0.6, 0.1, 0.22)}[name]
    else:
        h, s, v = _HUES[name], rng.uniform(0.55, 0.9), rng.uniform(0.55, 0.95)
    base = hue(h + rng.uniform(-0.025, 0.025), s, v)
    return Coat(name, base, tint(base, rng.uniform(0.4, 0.8)), (220, 180, 40), rng.choice(["plain", "stripes", "spots"]))


# ---- birds


def bird(pen: Pen) -> Coat:
    """Draw a bird: perched from the side, flying, or round from the front."""
    coat = vivid_coat(pen.rng, ["red", "yellow", "blue", "brown", "gray", "white", "black", "green", "blue", "brown", "yellow"])
    pen.rng.choice([_bird_side, _bird_side, _bird_front])(pen, coat)
    return coat


def _beak(pen: Pen, x: float, y: float, s: float) -> None:
    """Draw a beak pointing left from its root."""
    colour = pen.rng.choice(BEAKS)
    if pen.rng.random() < 0.75:
        pen.part(polygon((x, y - 0.11 * s), (x - pen.rng.uniform(0.25, 0.5) * s, y + 0.02 * s), (x, y + 0.12 * s)), colour)
    else:
        pen.part(smooth((x, y - 0.16 * s), (x - 0.22 * s, y - 0.06 * s), (x - 0.2 * s, y + 0.26 * s), (x, y + 0.12 * s)), colour)


def _bird_legs(pen: Pen, xs: tuple[float, ...], top: float, floor: float) -> None:
    colour = pen.rng.choice(BEAKS)
    for x in xs:
        pen.line(polygon((x, top), (x, floor)), colour, 0.05)
        for dx in (-0.13, 0.0, 0.1):
            pen.line(polygon((x, floor - 0.04), (x + dx, floor + 0.04)), colour, 0.045)


def _bird_side(pen: Pen, coat: Coat) -> None:
    long = pen.rng.uniform(0.75, 1.1)
    fat = pen.rng.uniform(0.85, 1.2)
    wing = pen.rng.choice([tint(coat.base, -0.3), tint(coat.base, 0.3), hue(pen.rng.random(), 0.6, 0.7)])
    pen.part(polygon((0.4, 0.1), (long, pen.rng.uniform(-0.1, 0.35)), (long - 0.08, pen.rng.uniform(0.38, 0.6)), (0.35, 0.4)), wing)
    _bird_legs(pen, (-0.02, 0.18), 0.5, pen.rng.uniform(0.8, 1.0))
    pen.part(smooth((-0.55, -0.1), (-0.1, -0.28 * fat), (0.45, 0.05), (0.5, 0.36), (0.05, 0.62 * fat), (-0.42, 0.4)), coat.base)
    pen.patch(smooth((-0.5, 0.1), (-0.2, 0.15), (0.0, 0.5), (-0.2, 0.52), (-0.42, 0.38)), coat.light)
    x, y, r = -0.42, -0.38, pen.rng.uniform(0.28, 0.36)
    if pen.rng.random() < 0.25:
        pen.part(polygon((x - 0.1, y - r * 0.7), (x + 0.05, y - r - 0.3), (x + 0.2, y - r * 0.7)), wing)
    _beak(pen, x - r * 0.85, y, 1.0)
    pen.part(ellipse(x, y, r, r), coat.base)
    pen.eye(x - 0.08, y - 0.06, 0.075)
    raised = pen.rng.random() < 0.25
    if raised:
        pen.part(smooth((-0.15, 0.05), (0.1, -0.6), (0.55, -0.95), (0.5, -0.3), (0.35, 0.2)), wing)
    else:
        pen.part(smooth((-0.2, 0.02), (0.2, -0.06), (0.68, 0.34), (0.3, 0.42), (-0.05, 0.3)), wing)


def _bird_front(pen: Pen, coat: Coat) -> None:
    """A chick, owl or penguin: upright and round, facing us."""
    _bird_legs(pen, (-0.2, 0.2), 0.7, 0.95)
    wide, owl = pen.rng.uniform(0.5, 0.68), pen.rng.random() < 0.4
    if owl:
        for d in (-1, 1):
            pen.part(polygon((d * 0.15, -0.62), (d * 0.5, -0.95), (d * 0.52, -0.4)), coat.base)
    pen.part(smooth((0, -0.8), (wide * 0.85, -0.5), (wide, 0.25), (wide * 0.6, 0.75), (0, 0.85), (-wide * 0.6, 0.75), (-wide, 0.25),
                    (-wide * 0.85, -0.5)), coat.base)
    pen.patch(ellipse(0, 0.3, wide * 0.62, 0.48), coat.light)
    for d in (-1, 1):
        pen.part(smooth((d * wide * 0.9, -0.15), (d * (wide + 0.2), 0.3), (d * wide * 0.75, 0.5)), tint(coat.base, -0.25))
        if owl:
            pen.mark(ellipse(d * 0.24, -0.36, 0.22, 0.22), WHITE)
        pen.eye(d * 0.22, -0.36, 0.12 if owl else 0.08)
    colour = pen.rng.choice(BEAKS)
    pen.mark(polygon((-0.13, -0.24), (0.13, -0.24), (0, pen.rng.uniform(-0.08, 0.05))), colour)


# ---- fish


def fish(pen: Pen) -> Coat:
    """Draw a fish from the side: long, round or tall, with fins, scales or stripes."""
    rng = pen.rng
    coat = vivid_coat(rng, ["orange", "orange", "orange", "yellow", "blue", "red", "gray", "purple", "green", "orange"])
    tall = rng.choice([0.28, 0.42, 0.42, 0.55, 0.72]) * rng.uniform(0.9, 1.1)
    fin = rng.choice([tint(coat.base, -0.25), tint(coat.base, 0.3), hue(rng.random(), 0.7, 0.85)])
    spread, root = rng.uniform(0.35, 0.6), 0.5
    pen.part(smooth((root, 0), (0.95, -spread), (rng.uniform(0.72, 0.98), 0), (0.95, spread)), fin)
    high = tall + rng.uniform(0.12, 0.4)
    pen.part(smooth((-0.4, -tall * 0.7), (-0.05, -high), (0.4, -tall * 0.75), (0.25, -tall * 0.3)), fin)
    pen.part(smooth((-0.1, tall * 0.7), (0.1, high * 0.95), (0.35, tall * 0.5)), fin)
    body = smooth((-0.95, 0.03), (-0.6, -tall * 0.75), (-0.15, -tall), (0.35, -tall * 0.55), (0.62, 0), (0.35, tall * 0.55), (-0.15, tall),
                  (-0.6, tall * 0.75))
    pen.part(body, coat.base)
    _fish_pattern(pen, coat, tall)
    pen.eye(-0.62, -tall * 0.22, 0.1)
    pen.line(curve((-0.93, 0.1), (-0.8, 0.15), (-0.72, 0.12)), INK, 0.03)
    if rng.random() < 0.6:
        pen.line(arc(-0.58, 0, 0.2, tall * 0.6, -60, 60), tint(coat.base, -0.4), 0.035)
    pen.part(smooth((-0.15, 0.05), (0.15, -0.05), (0.2, 0.24), (-0.05, 0.2)), fin)
    if rng.random() < 0.35:
        for k in range(3):
            pen.line(ellipse(-1.0 - 0.07 * k, -0.35 - 0.24 * k, 0.06, 0.06), (120, 170, 215), 0.025)
    return coat


def _fish_pattern(pen: Pen, coat: Coat, tall: float) -> None:
    kind = pen.rng.random()
    if kind < 0.35:
        for x in (-0.4, -0.05, 0.28):
            h = tall * (1 - abs(x + 0.15)) * 0.93
            pen.patch(
                tube(curve((x, -h), (x + 0.07, 0), (x, h)), (0.07, 0.08, 0.07)),
                WHITE if pen.rng.random() < 0.5 else tint(coat.base, -0.5),
            )
    elif kind < 0.7:
        for row in range(-1, 2):
            for x in (-0.3, -0.08, 0.14):
                pen.line(arc(x, row * tall * 0.42, 0.1, tall * 0.22, -80, 80, 6), tint(coat.base, -0.4), 0.03)
    else:
        pen.patch(smooth((-0.9, 0.1), (0, tall * 0.3), (0.5, 0.06), (0, tall * 0.92), (-0.5, tall * 0.7)), coat.light)


# ---- turtles


def turtle(pen: Pen) -> Coat:
    """Draw a turtle: from the side under its dome, or from above."""
    coat = vivid_coat(pen.rng, ["green", "green", "green", "brown"])
    coat = replace(coat, base=hue(pen.rng.uniform(0.2, 0.38), pen.rng.uniform(0.4, 0.75), pen.rng.uniform(0.45, 0.8)))
    shell = pen.rng.choice([hue(0.08, 0.6, 0.45), hue(0.1, 0.55, 0.6), tint(coat.base, -0.4), hue(0.27, 0.6, 0.4)])
    pen.rng.choice([_turtle_side, _turtle_side, _turtle_above])(pen, coat, shell)
    return coat


def _turtle_side(pen: Pen, coat: Coat, shell: Colour) -> None:
    high = pen.rng.uniform(0.55, 0.85)
    up = pen.rng.uniform(-0.3, 0.15)
    pen.part(polygon((0.55, 0.3), (0.95, 0.5), (0.6, 0.5)), coat.base)
    for x in (-0.42, 0.42):
        pen.part(tube(curve((x, 0.35), (x - 0.03, 0.55), (x - 0.06, 0.78)), (0.17, 0.15, 0.15)), coat.base)
    pen.part(tube(curve((-0.45, 0.35), (-0.65, 0.3), (-0.8, 0.15 + up)), (0.17, 0.13, 0.12)), coat.base)
    pen.part(ellipse(-0.82, 0.1 + up, 0.23, 0.19), coat.base)
    pen.eye(-0.88, 0.05 + up, 0.055)
    pen.line(curve((-1.02, 0.16 + up), (-0.92, 0.2 + up), (-0.82, 0.17 + up)), INK, 0.025)
    dome = smooth((-0.68, 0.42), (-0.55, 0.0), (-0.25, 0.35 - high), (0.2, 0.35 - high), (0.55, 0.0), (0.7, 0.42), (0.0, 0.5))
    pen.part(dome, shell)
    line = tint(shell, pen.rng.choice([-0.45, 0.4]))
    if pen.rng.random() < 0.6:
        for x in (-0.3, 0.0, 0.32):
            pen.line(curve((x * 0.6, 0.38 - high), (x, 0.05), (x * 1.35, 0.42)), line, 0.045)
        pen.line(curve((-0.56, 0.06), (0.0, -0.02), (0.57, 0.06)), line, 0.045)
    else:
        for x, y in ((-0.3, 0.12), (0.02, -0.05), (0.34, 0.12), (0.02, 0.27)):
            pen.patch(ellipse(x, y, 0.12, 0.1, n=6), line)
    pen.part(smooth((-0.72, 0.38), (0.0, 0.4), (0.74, 0.38), (0.72, 0.52), (0.0, 0.56), (-0.7, 0.52)), tint(shell, 0.3))


def _turtle_above(pen: Pen, coat: Coat, shell: Colour) -> None:
    flippers = pen.rng.random() < 0.5
    for d in (-1, 1):
        if flippers:
            pen.part(smooth((d * 0.35, -0.35), (d * 0.9, -0.45), (d * 1.0, -0.05), (d * 0.7, -0.25), (d * 0.4, -0.1)), coat.base)
        else:
            pen.part(ellipse(d * 0.58, -0.42, 0.25, 0.15, d * -40), coat.base)
        pen.part(ellipse(d * 0.52, 0.58, 0.22, 0.13, d * 45), coat.base)
    pen.part(polygon((-0.08, 0.7), (0.08, 0.7), (0, 1.0)), coat.base)
    pen.part(smooth((-0.2, -0.55), (-0.18, -0.9), (0, -1.02), (0.18, -0.9), (0.2, -0.55)), coat.base)
    for d in (-1, 1):
        pen.eye(d * 0.12, -0.85, 0.05)
    pen.part(ellipse(0, 0.05, 0.58, 0.7), shell)
    line = tint(shell, pen.rng.choice([-0.45, 0.4]))
    pen.line(ellipse(0, 0.05, 0.3, 0.36, n=6), line, 0.05)
    for x, y in ((0.3, 0.05), (-0.3, 0.05), (0.15, -0.26), (-0.15, -0.26), (0.15, 0.36), (-0.15, 0.36)):
        pen.line(polygon((x, y), (x * 1.85, 0.05 + (y - 0.05) * 1.8)), line, 0.045)


# ---- snakes


def snake(pen: Pen) -> Coat:
    """Draw a snake: winding from above, coiled with its head up, or a spiral; a forked tongue, bands or diamonds."""
    coat = vivid_coat(pen.rng, ["green", "green", "brown", "yellow", "red", "black", "orange"])
    spine, head = pen.rng.choice([_winding, _spiral])(pen)
    _snake_body(pen, coat, spine)
    _snake_head(pen, coat, *head)
    return coat


_Pose = tuple[Points, tuple[float, float, float, float]]


def _winding(pen: Pen) -> _Pose:
    waves, swing = pen.rng.choice([3, 4, 5]), pen.rng.uniform(0.2, 0.42)
    stops = [(0.95 - 1.75 * i / waves, swing * (1 if i % 2 else -1) * min(1, 0.5 + i / 3)) for i in range(waves + 1)]
    path = curve(*stops, steps=9)
    return path, (path[-1][0], path[-1][1], path[-1][0] - path[-4][0], path[-1][1] - path[-4][1])


def _spiral(pen: Pen) -> _Pose:
    path = spiral(pen.rng.uniform(1.6, 2.3), 0.85, 0.22, pen.rng.uniform(0.75, 1.0))
    if pen.rng.random() < 0.5:
        return path, (path[-1][0], path[-1][1], path[-1][0] - path[-3][0], path[-1][1] - path[-3][1])
    path = path[::-1]
    return path, (path[-1][0], path[-1][1], path[-1][0] - path[-3][0], path[-1][1] - path[-3][1])


def _snake_body(pen: Pen, coat: Coat, spine: Points) -> None:
    thick = pen.rng.uniform(0.08, 0.14)
    pen.part(tube(spine, (0.02, thick * 0.8, thick, thick, thick * 0.8)), coat.base)
    if coat.pattern == "plain":
        return
    step = pen.rng.choice([4, 5, 6])
    colour = pen.rng.choice([tint(coat.base, -0.5), tint(coat.base, 0.5), WHITE, INK])
    for i in range(step, len(spine) - 3, step):
        x, y = spine[i]
        if coat.pattern == "stripes":
            dx, dy = spine[i + 1] - spine[i - 1]
            n = max(1e-6, (dx * dx + dy * dy) ** 0.5)
            pen.line(polygon((x - dy / n * thick, y + dx / n * thick), (x + dy / n * thick, y - dx / n * thick)), colour, 0.06)
        else:
            pen.patch(ellipse(x, y, thick * 0.55, thick * 0.55, n=8), colour)


def _snake_head(pen: Pen, coat: Coat, x: float, y: float, dx: float, dy: float) -> None:
    """Draw the head at (x, y) looking along (dx, dy)."""
    n = max(1e-6, (dx * dx + dy * dy) ** 0.5)
    ux, uy, s = dx / n, dy / n, pen.rng.uniform(0.16, 0.22)

    def at(forward: float, side: float) -> tuple[float, float]:
        return x + (forward * ux - side * uy) * s, y + (forward * uy + side * ux) * s

    if pen.rng.random() < 0.75:
        red = (214, 40, 60)
        pen.line(polygon(at(1.3, 0), at(2.3, 0)), red, 0.035)
        pen.line(polygon(at(2.3, 0), at(2.8, 0.35)), red, 0.03)
        pen.line(polygon(at(2.3, 0), at(2.8, -0.35)), red, 0.03)
    pen.part(smooth(at(-0.6, 0.45), at(0.3, 0.85), at(1.3, 0.5), at(1.55, 0), at(1.3, -0.5), at(0.3, -0.85), at(-0.6, -0.45)), coat.base)
    if pen.rng.random() < 0.6:
        for side in (-0.45, 0.45):
            pen.eye(*at(0.6, side), 0.05)
    else:
        pen.eye(*at(0.6, 0.2), 0.065)


# ---- lizards


def lizard(pen: Pen) -> Coat:
    """Draw a lizard: from above with splayed legs and toes, or from the side with a crest; a long tail either way."""
    coat = vivid_coat(pen.rng, ["green", "green", "green", "green", "brown", "blue", "orange"])
    pen.rng.choice([_lizard_above, _lizard_side])(pen, coat)
    return coat


def _toes(pen: Pen, x: float, y: float, dx: float, dy: float, colour: Colour) -> None:
    for spread in (-0.7, 0.0, 0.7):
        pen.line(polygon((x, y), (x + 0.12 * (dx - spread * dy), y + 0.12 * (dy + spread * dx))), colour, 0.05)


def _lizard_above(pen: Pen, coat: Coat) -> None:
    bend = pen.rng.uniform(-0.3, 0.3)
    curl = pen.rng.uniform(-0.6, 0.6)
    dark = tint(coat.base, -0.15)
    for d in (-1, 1):
        for y, way in ((-0.28, -0.18), (0.26, 0.2)):
            path = curve((d * 0.1, y), (d * 0.36, y + way * 0.4), (d * 0.42, y + way * 1.6))
            pen.part(tube(path, (0.075, 0.06, 0.05)), dark)
            _toes(pen, d * 0.42, y + way * 1.6, d * 0.6, 1.0 if way > 0 else -1.0, pen.style.ink if pen.style.kind != "flat" else dark)
    spine = curve((0.0, -0.55), (bend * 0.3, -0.15), (0.0, 0.28), (bend, 0.65), (bend + curl * 0.7, 0.95), (bend + curl, 0.85))
    pen.part(tube(spine, (0.13, 0.2, 0.19, 0.13, 0.08, 0.05, 0.015)), coat.base)
    pen.part(smooth((-0.13, -0.5), (-0.2, -0.72), (0.0, -1.0), (0.2, -0.72), (0.13, -0.5)), coat.base)
    for d in (-1, 1):
        pen.eye(d * 0.14, -0.74, 0.055)
    _lizard_back(pen, coat, spine)


def _lizard_back(pen: Pen, coat: Coat, spine: Points) -> None:
    colour = tint(coat.base, pen.rng.choice([-0.45, 0.45]))
    if coat.pattern == "stripes":
        pen.line(spine[2:-6], colour, 0.06)
    elif coat.pattern == "spots":
        for i in range(3, len(spine) - 10, 3):
            pen.patch(ellipse(spine[i][0] + pen.rng.uniform(-0.08, 0.08), spine[i][1], 0.045, 0.045, n=8), colour)


def _lizard_side(pen: Pen, coat: Coat) -> None:
    curl = pen.rng.random() < 0.3
    end = ([(0.85, 0.1), (0.95, 0.4), (0.75, 0.5), (0.7, 0.3)] if curl else [(0.75, 0.42), (1.0, pen.rng.uniform(0.3, 0.55)), (1.3, 0.4)])
    dark = tint(coat.base, -0.15)
    for x in (-0.35, 0.3):
        for dx, shade in ((0.1, dark), (-0.06, coat.base)):
            path = curve((x + dx, 0.22), (x + dx + 0.12, 0.38), (x + dx - 0.06, 0.58))
            pen.part(tube(path, (0.1, 0.07, 0.05)), shade)
            for toe in (-0.14, -0.04, 0.05):
                pen.line(polygon((x + dx - 0.06, 0.56), (x + dx - 0.06 + toe, 0.64)), shade, 0.045)
    if pen.rng.random() < 0.4:
        for k in range(7):
            x = -0.5 + 0.15 * k
            pen.part(polygon((x - 0.08, 0.02), (x + 0.02, -0.2 + 0.02 * abs(k - 3)), (x + 0.1, 0.02)), tint(coat.base, -0.35))
    spine = curve((-0.55, 0.05), (-0.2, 0.1), (0.25, 0.15), (0.55, 0.25), *end)
    pen.part(tube(spine, (0.15, 0.22, 0.22, 0.14, 0.09, 0.05, 0.015)), coat.base)
    pen.part(smooth((-0.5, -0.14), (-0.72, -0.22), (-1.02, -0.02), (-0.98, 0.08), (-0.7, 0.16), (-0.48, 0.16)), coat.base)
    pen.eye(-0.74, -0.08, 0.065, coat.eye)
    pen.line(curve((-1.0, 0.04), (-0.85, 0.06), (-0.7, 0.04)), INK, 0.025)
    if pen.rng.random() < 0.3:
        pen.line(polygon((-1.0, 0.03), (-1.25, 0.0)), (214, 40, 60), 0.04)
    _lizard_back(pen, coat, spine)


UNFURRED = {"bird": bird, "fish": fish, "turtle": turtle, "snake": snake, "lizard": lizard}
