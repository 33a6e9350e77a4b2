"""Draw the background words of labels.toml in the same styles. The model learns from them which images show no pet.

`THINGS` are subjects drawn with the pen, `FULL_PICTURES` fill the whole picture. Each also says its finer kind.
"""

# ruff: noqa: E501, PLR0913, PLR0917 - outlines are tables of numbers, and coordinates are arguments

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw

from tools.demo.pen import INK, WHITE, Colour, Pen, hue, tint
from tools.demo.scenery import random_colour, vertical
from tools.demo.shapes import arc, box, curve, ellipse, polygon, smooth, tube

Words = frozenset[str]
_SKINS: list[Colour] = [(250, 215, 185), (235, 190, 150), (195, 140, 100), (130, 85, 60), (90, 58, 42), (255, 205, 60)]
_HAIR: list[Colour] = [(40, 30, 28), (95, 60, 35), (220, 180, 90), (170, 80, 40), (150, 150, 150)]


def _vivid(pen: Pen) -> Colour:
    return hue(pen.rng.random(), pen.rng.uniform(0.4, 0.9), pen.rng.uniform(0.5, 0.95))


def human_face(pen: Pen) -> Words:
    """A face: hair, brows, eyes with whites, nose, mouth; or the yellow disc of a smiley."""
    rng, skin, hair = pen.rng, pen.rng.choice(_SKINS), pen.rng.choice(_HAIR)
    smiley = rng.random() < 0.25
    if smiley:
        pen.part(ellipse(0, 0, 0.9, 0.9), (255, 205, 60))
    else:
        if rng.random() < 0.5:
            pen.part(
                smooth((0, -1), (0.75, -0.7), (0.85, 0.7), (0.4, 0.95), (-0.4, 0.95), (-0.85, 0.7), (-0.75, -0.7)), hair
            )
        for d in (-1, 1):
            pen.part(ellipse(d * 0.66, 0.05, 0.12, 0.18), skin)
        pen.part(ellipse(0, 0.05, 0.66, 0.82), skin)
        pen.part(
            smooth(
                (-0.68, -0.05),
                (-0.6, -0.75),
                (0, -0.98),
                (0.6, -0.75),
                (0.68, -0.05),
                (0.45, -0.42),
                (0, -0.5),
                (-0.4, -0.45),
            ),
            hair,
        )
    for d in (-1, 1):
        if not smiley or rng.random() < 0.5:
            pen.mark(ellipse(d * 0.27, -0.08, 0.14, 0.09), WHITE)
        pen.mark(ellipse(d * 0.27, -0.08, 0.07, 0.09), INK)
        if rng.random() < 0.7:
            pen.line(arc(d * 0.27, -0.18, 0.17, 0.1, 200, 340), hair, 0.05)
    if not smiley:
        pen.line(curve((0.0, -0.05), (0.08, 0.22), (-0.04, 0.25)), tint(skin, -0.4), 0.035)
    mouth = arc(0, 0.38, 0.26, rng.uniform(0.06, 0.22), 15, 165)
    pen.line(mouth, (190, 60, 70) if rng.random() < 0.5 else INK, 0.05)
    if rng.random() < 0.2:
        for d in (-1, 1):
            pen.line(ellipse(d * 0.27, -0.08, 0.22, 0.19), INK, 0.04)
    return frozenset({"face"})


def person(pen: Pen) -> Words:
    """A whole person: head, hair, shirt, arms, legs."""
    rng, skin, shirt = pen.rng, pen.rng.choice(_SKINS), _vivid(pen)
    step, raised = rng.uniform(0.08, 0.35), rng.random() < 0.3
    dress = rng.random() < 0.3
    trousers = _vivid(pen) if rng.random() < 0.5 else (50, 60, 100)
    for d in (-1, 1):
        pen.part(
            tube(curve((d * 0.12, 0.2), (d * (0.1 + step) / 1.2, 0.6), (d * step, 0.95)), (0.12, 0.1, 0.08)),
            skin if dress else trousers,
        )
        hand = (d * 0.62, -0.55) if raised else (d * rng.uniform(0.35, 0.65), 0.2)
        pen.part(
            tube(curve((d * 0.2, -0.38), (d * 0.42, -0.2), hand), (0.09, 0.07, 0.06)),
            shirt if rng.random() < 0.6 else skin,
        )
    if dress:
        pen.part(polygon((-0.18, -0.45), (0.18, -0.45), (0.42, 0.5), (-0.42, 0.5)), shirt)
    else:
        pen.part(smooth((-0.26, -0.42), (0.26, -0.42), (0.24, 0.25), (-0.24, 0.25)), shirt)
    pen.part(ellipse(0, -0.7, 0.22, 0.25), skin)
    pen.part(smooth((-0.24, -0.66), (-0.18, -0.95), (0.18, -0.95), (0.24, -0.66), (0, -0.85)), rng.choice(_HAIR))
    for d in (-1, 1):
        pen.mark(ellipse(d * 0.08, -0.7, 0.03, 0.04), INK)
    pen.line(arc(0, -0.62, 0.08, 0.04, 20, 160), INK, 0.025)
    return frozenset()


def car(pen: Pen) -> Words:
    """A car, from the side or the front, or a bus."""
    rng, paint, glass = pen.rng, _vivid(pen), (190, 222, 240)
    kind = rng.random()
    if kind < 0.55:
        roof = rng.uniform(0.3, 0.55)
        pen.part(smooth((-0.55, -0.05), (-0.3, -roof), (0.3, -roof), (0.62, -0.05)), paint)
        pen.part(smooth((-0.98, 0.0), (-0.5, -0.1), (0.6, -0.1), (0.98, 0.05), (0.98, 0.35), (-0.98, 0.35)), paint)
        pen.mark(polygon((-0.42, -0.08), (-0.24, -roof + 0.1), (-0.02, -roof + 0.1), (-0.02, -0.08)), glass)
        pen.mark(polygon((0.05, -0.08), (0.05, -roof + 0.1), (0.26, -roof + 0.1), (0.46, -0.08)), glass)
        wheels = (-0.55, 0.55)
    elif kind < 0.8:
        pen.part(box(-0.95, -0.55, 0.95, 0.4), paint)
        for x in (-0.8, -0.35, 0.1, 0.55):
            pen.mark(box(x, -0.42, x + 0.34, -0.05), glass)
        wheels = (-0.55, 0.55)
    else:
        for d in (-1, 1):
            pen.part(box(d * 0.62 - 0.14, 0.3, d * 0.62 + 0.14, 0.68), INK)
        pen.part(smooth((-0.6, -0.1), (-0.4, -0.6), (0.4, -0.6), (0.6, -0.1)), paint)
        pen.mark(polygon((-0.45, -0.12), (-0.34, -0.5), (0.34, -0.5), (0.45, -0.12)), glass)
        pen.part(box(-0.82, -0.12, 0.82, 0.45), paint)
        for d in (-1, 1):
            pen.mark(ellipse(d * 0.58, 0.1, 0.14, 0.11), (255, 240, 170))
        pen.mark(box(-0.3, 0.1, 0.3, 0.26), (60, 60, 66))
        return frozenset({"car"})
    for x in wheels:
        pen.part(ellipse(x, 0.4, 0.23, 0.23), (45, 45, 50))
        pen.mark(ellipse(x, 0.4, 0.1, 0.1), (190, 190, 195))
    return frozenset({"bus"} if 0.55 <= kind < 0.8 else {"car"})


def house(pen: Pen) -> Words:
    """A house: walls, a roof, a door, windows; or a tower block."""
    rng, wall = pen.rng, _vivid(pen) if pen.rng.random() < 0.5 else (235, 220, 190)
    if rng.random() < 0.25:
        pen.part(box(-0.5, -0.95, 0.5, 0.95), wall)
        for y in (-0.75, -0.4, -0.05, 0.3):
            for x in (-0.38, -0.1, 0.18):
                pen.mark(box(x, y, x + 0.2, y + 0.2), (255, 235, 150) if rng.random() < 0.4 else (120, 160, 200))
        return frozenset({"building"})
    if rng.random() < 0.5:
        pen.part(box(0.3, -0.8, 0.5, -0.3), (150, 80, 70))
    pen.part(box(-0.7, -0.1, 0.7, 0.85), wall)
    peak = rng.uniform(-0.95, -0.6)
    pen.part(
        polygon((-0.92, -0.05), (0, peak), (0.92, -0.05)),
        rng.choice([(190, 70, 55), (120, 70, 50), (90, 100, 120), _vivid(pen)]),
    )
    door = rng.choice([-0.45, -0.14, 0.2])
    pen.part(box(door, 0.3, door + 0.28, 0.85), (120, 75, 45))
    for x in (-0.5, -0.1, 0.35):
        if abs(x - door) > 0.2:
            pen.part(box(x, 0.2, x + 0.26, 0.48), (180, 220, 245))
    return frozenset({"house"})


def tree(pen: Pen) -> Words:
    """A tree: round crown, fir, bare or palm."""
    rng, leaf, bark = pen.rng, hue(pen.rng.uniform(0.22, 0.4), 0.65, pen.rng.uniform(0.35, 0.75)), (115, 75, 45)
    if rng.random() < 0.15:
        leaf = hue(rng.uniform(0.03, 0.12), 0.8, 0.85)
    kind = rng.random()
    pen.part(polygon((-0.12, 0.2), (0.12, 0.2), (0.16, 0.95), (-0.16, 0.95)), bark)
    if kind < 0.5:
        for _ in range(rng.randint(3, 6)):
            pen.part(ellipse(rng.uniform(-0.35, 0.35), rng.uniform(-0.6, 0.0), 0.45, 0.38), leaf, edge=False)
        pen.part(smooth((-0.6, 0.0), (-0.55, -0.6), (0, -0.95), (0.55, -0.6), (0.6, 0.0), (0, 0.28)), leaf)
    elif kind < 0.8:
        for k in range(3):
            y, w = 0.45 - 0.42 * k, 0.75 - 0.18 * k
            pen.part(polygon((-w, y), (0, y - 0.62), (w, y)), leaf)
    else:
        pen.part(tube(curve((0.05, 0.95), (-0.05, 0.2), (0.1, -0.4)), (0.12, 0.09, 0.07)), bark)
        for a in (200, 240, 290, 330, 10, 165):
            x, y = 0.75 * math.cos(math.radians(a)), 0.5 * math.sin(math.radians(a))
            pen.part(
                tube(
                    curve((0.1, -0.42), (0.1 + x * 0.6, -0.5 + y * 0.8), (0.1 + x, -0.3 + y * 0.6)), (0.03, 0.12, 0.01)
                ),
                leaf,
            )
    return frozenset()


def flower(pen: Pen) -> Words:
    """A flower: petals round a disc, or a tulip; a stem with leaves."""
    rng, petal = pen.rng, _vivid(pen)
    green = hue(rng.uniform(0.26, 0.36), 0.65, rng.uniform(0.4, 0.7))
    stem = rng.random() < 0.75
    y = -0.35 if stem else 0.0
    r = 0.5 if stem else 0.75
    if stem:
        pen.part(tube(curve((0, y), (0.05, 0.4), (0, 0.98)), (0.045, 0.045)), green)
        for d in (-1, 1):
            pen.part(smooth((0.02, 0.75), (d * 0.3, 0.35), (d * 0.48, 0.35), (d * 0.25, 0.68)), green)
    if stem and rng.random() < 0.3:
        pen.part(
            smooth(
                (-0.38, y - 0.4),
                (-0.18, y - 0.2),
                (0, y - 0.5),
                (0.18, y - 0.2),
                (0.38, y - 0.4),
                (0.36, y + 0.15),
                (0, y + 0.4),
                (-0.36, y + 0.15),
            ),
            petal,
        )
        return frozenset({"tulip"})
    petals = rng.randint(5, 10)
    for k in range(petals):
        a = 360 * k / petals
        x, dy = r * 0.6 * math.cos(math.radians(a)), r * 0.6 * math.sin(math.radians(a))
        pen.part(ellipse(x, y + dy, r * 0.42, r * 1.6 / petals + 0.03, a), petal)
    pen.part(ellipse(0, y, r * 0.33, r * 0.33), rng.choice([(250, 205, 60), (110, 70, 40), WHITE]))
    return frozenset({"flower"})


def cup(pen: Pen) -> Words:
    """A mug with a handle, a teacup on a saucer, or a glass."""
    rng, china = pen.rng, _vivid(pen) if pen.rng.random() < 0.7 else (245, 245, 240)
    kind = rng.random()
    if kind < 0.8:
        pen.line(
            arc(0.5, 0.0, 0.34, 0.32, -90, 90), pen.style.ink if pen.style.kind != "flat" else tint(china, -0.2), 0.12
        )
    if kind < 0.45:
        pen.part(polygon((-0.52, -0.5), (0.52, -0.5), (0.46, 0.7), (-0.46, 0.7)), china)
        pen.part(ellipse(0, -0.5, 0.52, 0.14), tint(china, -0.3) if rng.random() < 0.5 else (90, 55, 35))
    elif kind < 0.8:
        pen.part(ellipse(0, 0.66, 0.85, 0.14), china)
        pen.part(smooth((-0.6, -0.3), (0.6, -0.3), (0.45, 0.4), (0.2, 0.62), (-0.2, 0.62), (-0.45, 0.4)), china)
        pen.part(ellipse(0, -0.32, 0.6, 0.13), (110, 70, 40))
    else:
        pen.part(polygon((-0.42, -0.8), (0.42, -0.8), (0.3, 0.85), (-0.3, 0.85)), (215, 235, 245))
        pen.patch(polygon((-0.38, -0.3), (0.38, -0.3), (0.3, 0.85), (-0.3, 0.85)), _vivid(pen))
        return frozenset({"glass"})
    if rng.random() < 0.4:
        for x in (-0.2, 0.1):
            pen.line(curve((x, -0.65), (x + 0.08, -0.78), (x - 0.05, -0.88), (x + 0.05, -1.0)), (170, 170, 175), 0.04)
    return frozenset({"cup"})


def plate_of_food(pen: Pen) -> Words:
    """A plate from above or aslant with food on it, or one dish alone: burger, pizza, fruit."""
    rng = pen.rng
    kind = rng.random()
    if kind < 0.6:
        flat = rng.uniform(0.6, 1.0)
        pen.part(ellipse(0, 0, 0.98, 0.98 * flat), (245, 245, 242))
        pen.part(ellipse(0, 0, 0.72, 0.72 * flat), (230, 230, 228))
        foods: list[Colour] = [
            (200, 60, 50),
            (90, 160, 60),
            (240, 190, 70),
            (150, 90, 50),
            (250, 230, 170),
            (230, 130, 50),
        ]
        for _ in range(rng.randint(4, 9)):
            x, y = rng.uniform(-0.42, 0.42), rng.uniform(-0.4, 0.4) * flat
            pen.part(
                ellipse(x, y, rng.uniform(0.1, 0.28), rng.uniform(0.08, 0.2), rng.uniform(0, 180)), rng.choice(foods)
            )
        return frozenset({"plate of food"})
    if kind < 0.75:
        pen.part(smooth((-0.8, -0.1), (-0.6, -0.6), (0, -0.75), (0.6, -0.6), (0.8, -0.1)), (225, 160, 80))
        for y, colour in ((-0.08, (110, 180, 70)), (0.08, (240, 190, 60)), (0.24, (120, 70, 45))):
            pen.part(box(-0.85, y, 0.85, y + 0.17), colour)
        pen.part(smooth((-0.8, 0.42), (0.8, 0.42), (0.7, 0.7), (-0.7, 0.7)), (225, 160, 80))
        return frozenset({"burger"})
    if kind < 0.88:
        pen.part(polygon((-0.75, -0.6), (0.75, -0.6), (0, 0.95)), (245, 205, 100))
        pen.part(tube(curve((-0.8, -0.62), (0, -0.75), (0.8, -0.62)), (0.12, 0.12)), (205, 140, 70))
        for x, y in ((-0.25, -0.3), (0.25, -0.25), (0.0, 0.15), (0.02, 0.5)):
            pen.mark(ellipse(x, y, 0.13, 0.12), (200, 60, 45))
        return frozenset({"pizza"})
    fruit = rng.choice([(215, 45, 45), (120, 185, 60), (250, 150, 40)])
    pen.part(
        smooth((0, -0.45), (0.5, -0.6), (0.78, 0.0), (0.45, 0.75), (0, 0.7), (-0.45, 0.75), (-0.78, 0.0), (-0.5, -0.6)),
        fruit,
    )
    pen.line(curve((0, -0.45), (0.04, -0.7), (0.12, -0.9)), (100, 65, 40), 0.07)
    pen.part(smooth((0.1, -0.7), (0.4, -0.95), (0.5, -0.75)), (90, 160, 60))
    return frozenset({"fruit"})


def farm_animal(pen: Pen) -> Words:
    """A cow, pig, horse or sheep: hooves, snout or horns; the face or the side."""
    kind = pen.rng.choice(["cow", "pig", "horse", "sheep"])
    coat = {
        "cow": pen.rng.choice([WHITE, (140, 85, 55)]), "pig": (245, 175, 180), "sheep": (245, 242, 235),
        "horse": pen.rng.choice([(150, 90, 50), (110, 70, 45), (205, 170, 120), (90, 85, 85)]),
    }[kind]  # fmt: skip
    if pen.rng.random() < 0.4:
        _farm_face(pen, kind, coat, 0.0, 0.05, 0.95)
        return frozenset({kind})
    horse = kind == "horse"
    floor = 0.95 if horse else 0.85
    if kind == "pig":
        pen.line(curve((0.72, 0.0), (0.85, -0.1), (0.92, 0.05), (0.84, 0.08), (0.95, 0.18)), tint(coat, -0.25), 0.05)
    elif kind != "sheep":
        pen.part(tube(curve((0.62, -0.05), (0.85, 0.1), (0.82, 0.5)), (0.05, 0.05, 0.09)), tint(coat, -0.4))
    for i, x in enumerate((-0.45, 0.42, -0.28, 0.58)):
        pen.part(
            box(x - 0.08, 0.2, x + 0.08, floor), tint(coat, -0.2 if i < 2 else 0.0) if kind != "sheep" else (60, 52, 50)
        )
        pen.mark(box(x - 0.085, floor - 0.1, x + 0.085, floor), (60, 45, 40))
    if kind == "sheep":
        for a in range(0, 360, 36):
            pen.part(
                ellipse(0.05 + 0.5 * math.cos(math.radians(a)), 0.05 + 0.28 * math.sin(math.radians(a)), 0.22, 0.2),
                coat,
            )
        pen.part(ellipse(0.05, 0.05, 0.56, 0.36), coat, edge=False)
    else:
        pen.part(
            smooth((-0.62, -0.15), (0.0, -0.24), (0.6, -0.2), (0.72, 0.1), (0.6, 0.38), (0.0, 0.44), (-0.55, 0.36)),
            coat,
        )
    if kind == "cow":
        for x, y in ((-0.2, -0.05), (0.25, 0.1), (0.5, -0.08)):
            pen.patch(ellipse(x, y, 0.18, 0.13, pen.rng.uniform(0, 90)), (50, 42, 40) if coat == WHITE else WHITE)
        pen.part(ellipse(0.3, 0.45, 0.16, 0.1), (245, 175, 180))
    if horse:
        pen.part(tube(curve((-0.45, 0.05), (-0.6, -0.3), (-0.68, -0.62)), (0.26, 0.18, 0.14)), coat)
        pen.part(tube(curve((-0.3, -0.1), (-0.45, -0.4), (-0.55, -0.75)), (0.1, 0.1, 0.06)), tint(coat, -0.5))
        pen.part(polygon((-0.62, -0.7), (-0.58, -0.95), (-0.5, -0.68)), coat)
        pen.part(smooth((-0.56, -0.76), (-0.78, -0.74), (-1.0, -0.38), (-0.9, -0.25), (-0.62, -0.45)), coat)
        pen.eye(-0.7, -0.6, 0.05)
    else:
        _farm_face(pen, kind, coat, -0.68, -0.15, 0.4)
    return frozenset({kind})


def _farm_face(pen: Pen, kind: str, coat: Colour, x: float, y: float, s: float) -> None:
    pink = (240, 165, 170)
    skin = (75, 65, 62) if kind == "sheep" and pen.rng.random() < 0.6 else coat
    for d in (-1, 1):
        if kind == "cow" or (kind == "sheep" and pen.rng.random() < 0.2):
            pen.part(
                tube(
                    curve(
                        (x + d * 0.4 * s, y - 0.55 * s),
                        (x + d * 0.62 * s, y - 0.7 * s),
                        (x + d * 0.6 * s, y - 0.98 * s),
                    ),
                    (0.1 * s, 0.08 * s, 0.01),
                ),
                (235, 225, 200),
            )
        if kind in ("pig", "horse"):
            pen.part(
                polygon(
                    (x + d * 0.65 * s, y - 0.3 * s), (x + d * 0.62 * s, y - 0.95 * s), (x + d * 0.18 * s, y - 0.65 * s)
                ),
                skin,
            )
        else:
            pen.part(ellipse(x + d * 0.75 * s, y - 0.25 * s, 0.28 * s, 0.14 * s, d * 15), skin)
    if kind == "pig":
        pen.part(ellipse(x, y, 0.8 * s, 0.75 * s), skin)
        pen.part(ellipse(x, y + 0.2 * s, 0.36 * s, 0.26 * s), tint(pink, -0.12))
    else:
        wide = 0.42 if kind == "horse" else 0.5
        pen.part(smooth((x - wide * s, y - 0.6 * s), (x + wide * s, y - 0.6 * s), (x + wide * s, y + 0.1 * s), (x + 0.4 * s, y + 0.85 * s),
                        (x - 0.4 * s, y + 0.85 * s), (x - wide * s, y + 0.1 * s)), skin)  # fmt: skip
        if kind == "cow":
            pen.part(ellipse(x, y + 0.6 * s, 0.52 * s, 0.3 * s), pink)
        if kind == "sheep":
            for k in (-0.4, -0.13, 0.13, 0.4):
                pen.part(ellipse(x + k * s, y - 0.62 * s, 0.24 * s, 0.22 * s), (245, 242, 235))
        if kind == "horse":
            pen.part(
                smooth((x - 0.15 * s, y - 0.9 * s), (x + 0.15 * s, y - 0.9 * s), (x, y - 0.2 * s)), tint(skin, -0.5)
            )
            pen.part(ellipse(x, y + 0.7 * s, 0.38 * s, 0.25 * s), tint(skin, 0.3))
    low = 0.2 if kind == "pig" else 0.62
    for d in (-1, 1):
        pen.mark(ellipse(x + d * 0.13 * s, y + low * s, 0.05 * s, 0.08 * s), (110, 60, 60))
        pen.eye(x + d * 0.32 * s, y - 0.2 * s, 0.09 * s)


def insect(pen: Pen) -> Words:  # noqa: PLR0912 - four insects, no more
    """A butterfly, beetle, bee or ant: six legs or patterned wings, feelers."""
    rng, colour = pen.rng, _vivid(pen)
    kind = rng.choice(["butterfly", "beetle", "bee", "ant"])
    for d in (-1, 1):
        pen.line(curve((d * 0.05, -0.55), (d * 0.2, -0.8), (d * 0.34, -0.92)), INK, 0.035)
        if kind != "butterfly":
            for y in (-0.25, 0.08, 0.4):
                pen.line(curve((d * 0.2, y), (d * 0.55, y - 0.08), (d * 0.75, y + 0.15)), INK, 0.045)
    if kind == "butterfly":
        for d in (-1, 1):
            pen.part(
                smooth((d * 0.05, -0.2), (d * 0.5, -0.85), (d * 0.98, -0.65), (d * 0.75, -0.05), (d * 0.05, 0.05)),
                colour,
            )
            pen.part(smooth((d * 0.05, 0.05), (d * 0.7, 0.1), (d * 0.7, 0.7), (d * 0.3, 0.75)), tint(colour, -0.2))
            pen.patch(ellipse(d * 0.6, -0.45, 0.16, 0.14), tint(colour, 0.55))
            pen.patch(ellipse(d * 0.45, 0.38, 0.1, 0.12), tint(colour, 0.55))
        pen.part(ellipse(0, 0.02, 0.08, 0.58), INK)
    elif kind == "beetle":
        pen.part(ellipse(0, -0.5, 0.3, 0.25), INK)
        pen.part(ellipse(0, 0.12, 0.58, 0.65), (205, 40, 40) if rng.random() < 0.5 else colour)
        pen.line(polygon((0, -0.5), (0, 0.76)), INK, 0.05)
        for x, y in ((0.3, -0.1), (0.28, 0.35)):
            for d in (-1, 1):
                pen.mark(ellipse(d * x, y, 0.1, 0.1), INK)
    elif kind == "bee":
        for d in (-1, 1):
            pen.part(ellipse(d * 0.52, -0.15, 0.42, 0.22, -d * 25), (225, 238, 248))
        pen.part(ellipse(0, -0.5, 0.23, 0.2), INK)
        pen.part(ellipse(0, 0.2, 0.36, 0.6), (248, 200, 40))
        for y in (-0.1, 0.2, 0.5):
            pen.mark(box(-0.32, y, 0.32, y + 0.13), INK)
    else:
        shade = rng.choice([INK, (130, 50, 35)])
        for y, rx, ry in ((-0.55, 0.2, 0.19), (-0.08, 0.14, 0.26), (0.5, 0.26, 0.38)):
            pen.part(ellipse(0, y, rx, ry), shade)
    return frozenset({kind})


# ---- what fills the picture


def room(rng: Random, size: int) -> tuple[Image.Image, Words]:
    """A room: walls, floor, a window or picture, furniture."""
    wall, floor = (
        tint(random_colour(rng), 0.3),
        hue(rng.uniform(0.04, 0.12), rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.8)),
    )
    image = Image.new("RGB", (size, size), wall)
    d = ImageDraw.Draw(image)
    edge, u = size * rng.uniform(0.55, 0.75), size / 10
    d.rectangle((0, edge, size, size), fill=floor)
    if rng.random() < 0.4:
        x = rng.uniform(1.5, 2.5) * u
        d.polygon([(0, 0), (x, u), (x, edge), (0, size)], fill=tint(wall, -0.15))
        d.polygon([(0, size), (x, edge), (size, edge), (size, size)], fill=floor)
    x, y = rng.uniform(0.5, 6) * u, rng.uniform(0.6, 2) * u
    pane = rng.choice([(175, 215, 245), random_colour(rng)])
    d.rectangle((x, y, x + 3 * u, y + 2.8 * u), fill=pane, outline=WHITE, width=int(0.25 * u))
    if rng.random() < 0.6:
        d.line((x + 1.5 * u, y, x + 1.5 * u, y + 2.8 * u), fill=WHITE, width=int(0.2 * u))
        d.line((x, y + 1.4 * u, x + 3 * u, y + 1.4 * u), fill=WHITE, width=int(0.2 * u))
    for _ in range(rng.randint(1, 3)):
        _furniture(rng, d, u, edge)
    return image, frozenset()


def _furniture(rng: Random, d: ImageDraw.ImageDraw, u: float, edge: float) -> None:
    x, colour, kind = rng.uniform(0.3, 6) * u, random_colour(rng), rng.random()
    outline = INK if rng.random() < 0.5 else tint(colour, -0.4)
    if kind < 0.35:
        d.rectangle((x, edge - 1.8 * u, x + 4 * u, edge + 1.2 * u), fill=colour, outline=outline, width=3)
        d.rectangle((x - 0.5 * u, edge - 0.6 * u, x + 0.3 * u, edge + 1.3 * u), fill=colour, outline=outline, width=3)
        d.rectangle((x + 3.7 * u, edge - 0.6 * u, x + 4.5 * u, edge + 1.3 * u), fill=colour, outline=outline, width=3)
        d.line((x, edge, x + 4 * u, edge), fill=outline, width=3)
    elif kind < 0.6:
        d.rectangle((x, edge - 0.3 * u, x + 3.2 * u, edge + 0.1 * u), fill=colour, outline=outline, width=2)
        for leg in (0.2, 2.8):
            d.rectangle((x + leg * u, edge, x + (leg + 0.25) * u, edge + 2 * u), fill=colour)
    elif kind < 0.8:
        d.line((x + 0.8 * u, edge - 3.5 * u, x + 0.8 * u, edge + 0.8 * u), fill=outline, width=5)
        d.polygon(
            [
                (x, edge - 3 * u),
                (x + 0.4 * u, edge - 4.4 * u),
                (x + 1.2 * u, edge - 4.4 * u),
                (x + 1.6 * u, edge - 3 * u),
            ],
            fill=colour,
        )
    else:
        d.rectangle((x, edge - 4 * u, x + 2.4 * u, edge + 0.6 * u), fill=colour, outline=outline, width=3)
        for row in range(3):
            d.line((x, edge - (2.6 - 1.4 * row) * u, x + 2.4 * u, edge - (2.6 - 1.4 * row) * u), fill=outline, width=3)


def landscape(rng: Random, size: int) -> tuple[Image.Image, Words]:
    """Hills, mountains, the sea or a desert under a sky."""
    sky = rng.choice(
        [
            hue(rng.uniform(0.53, 0.62), rng.uniform(0.2, 0.6), 0.95),
            hue(rng.uniform(0.02, 0.1), 0.5, 0.95),
            hue(0.65, 0.5, 0.35),
        ]
    )
    image = vertical(size, sky, tint(sky, rng.uniform(0.2, 0.7)))
    d = ImageDraw.Draw(image)
    if rng.random() < 0.7:
        x, y, r = rng.uniform(0.1, 0.9) * size, rng.uniform(0.1, 0.35) * size, rng.uniform(0.05, 0.11) * size
        d.ellipse((x - r, y - r, x + r, y + r), fill=rng.choice([(255, 225, 100), (255, 245, 220), (250, 140, 70)]))
    for _ in range(rng.randint(0, 3)):
        x, y, r = rng.uniform(0, 1) * size, rng.uniform(0.08, 0.3) * size, rng.uniform(0.04, 0.08) * size
        for k in (-1, 0, 1):
            d.ellipse((x + k * r - r, y - r * 0.7, x + k * r + r, y + r * 0.7), fill=(250, 250, 252))
    horizon = rng.uniform(0.45, 0.65) * size
    if rng.random() < 0.55:
        rock = hue(rng.uniform(0, 1), rng.uniform(0.05, 0.35), rng.uniform(0.35, 0.7))
        for _ in range(rng.randint(2, 4)):
            x, w, h = rng.uniform(0, 1) * size, rng.uniform(0.2, 0.45) * size, rng.uniform(0.2, 0.42) * size
            d.polygon([(x - w, horizon + 4), (x, horizon - h), (x + w, horizon + 4)], fill=rock)
            d.polygon(
                [
                    (x - w * 0.28, horizon - h * 0.72),
                    (x, horizon - h),
                    (x + w * 0.28, horizon - h * 0.72),
                    (x, horizon - h * 0.62),
                ],
                fill=WHITE,
            )
    ground = rng.choice(
        [hue(rng.uniform(0.22, 0.36), 0.55, 0.65), hue(rng.uniform(0.52, 0.6), 0.6, 0.75), hue(0.11, 0.45, 0.88)]
    )
    for k in range(rng.randint(1, 4)):
        top, shade, phase = horizon + k * 0.13 * size, tint(ground, -0.13 * k), rng.uniform(0, 6.3)
        hill = [
            (x, top + 0.05 * size * math.sin(x / size * rng.uniform(4, 4.4) + phase)) for x in range(0, size + 8, 8)
        ]
        d.polygon([*hill, (size + 8, size), (0, size)], fill=shade)
    for _ in range(rng.choice([0, 0, 3, 8])):
        x, y, h = (
            rng.uniform(0, 1) * size,
            rng.uniform(horizon / size + 0.05, 0.95) * size,
            rng.uniform(0.05, 0.1) * size,
        )
        d.polygon([(x - h * 0.4, y), (x, y - h), (x + h * 0.4, y)], fill=tint(ground, -0.45))
    return image, frozenset()


def page_of_text(rng: Random, size: int) -> tuple[Image.Image, Words]:
    """A page: a headline, paragraphs of letters; or a few big letters."""
    paper, ink = tint(random_colour(rng), 0.75), INK if rng.random() < 0.7 else tint(random_colour(rng), -0.6)
    if rng.random() < 0.1:
        paper, ink = tint(ink, -0.2), WHITE
    image = Image.new("RGB", (size, size), paper)
    d = ImageDraw.Draw(image)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    if rng.random() < 0.3:
        text = "".join(rng.choices(letters, k=rng.randint(1, 8)))
        box_ = (size * rng.uniform(0.02, 0.2), size * rng.uniform(0.1, 0.5))
        d.text(box_, text, fill=ink, font_size=size * rng.uniform(0.25, 0.6) * (1.6 if len(text) < 3 else 0.8))
        return image, frozenset()
    step, y = size * rng.uniform(0.045, 0.1), size * rng.uniform(0.03, 0.12)
    left, right = size * rng.uniform(0.03, 0.12), size * rng.uniform(0.86, 0.97)
    bars = rng.random() < 0.3
    while y < size * 0.95:
        end = right if rng.random() < 0.8 else rng.uniform(left + size * 0.2, right)
        if bars:
            x = left
            while x < end - 6:
                w = rng.uniform(0.03, 0.12) * size
                d.rectangle((x, y, min(end, x + w), y + step * 0.45), fill=ink)
                x += w + 0.02 * size
        else:
            words = " ".join("".join(rng.choices(letters, k=rng.randint(1, 9))) for _ in range(14))
            d.text((left, y), words[: int((end - left) / (step * 0.42))], fill=ink, font_size=step * 0.85)
        y += step * (1.9 if rng.random() < 0.12 else 1.1)
    return image.rotate(rng.uniform(-8, 8), fillcolor=paper), frozenset()


def pattern(rng: Random, size: int) -> tuple[Image.Image, Words]:
    """Stripes, dots, checks, zigzags, tiles: the same mark over and over."""
    a, b = random_colour(rng), random_colour(rng)
    if sum(abs(p - q) for p, q in zip(a, b, strict=True)) < 150:
        b = tint(a, -0.6 if sum(a) > 380 else 0.7)
    big = size * 2
    image = Image.new("RGB", (big, big), a)
    d = ImageDraw.Draw(image)
    step, kind = (
        int(size * rng.uniform(0.08, 0.28)),
        rng.choice(["stripes", "dots", "checks", "zigzag", "grid", "triangles"]),
    )
    for i, y in enumerate(range(0, big, step)):
        if kind == "stripes":
            d.rectangle((0, y, big, y + step * 0.5), fill=b)
        if kind == "grid":
            d.rectangle((0, y, big, y + step * 0.15), fill=b)
            d.rectangle((y, 0, y + step * 0.15, big), fill=b)
        if kind == "zigzag":
            d.line(
                [(x * step / 2, y + (step * 0.5 if x % 2 else 0)) for x in range(2 * big // step + 2)],
                fill=b,
                width=max(3, step // 4),
            )
        for j, x in enumerate(range(0, big, step)):
            if kind == "dots":
                dx = step / 2 if i % 2 else 0
                d.ellipse((x + dx, y, x + dx + step * 0.55, y + step * 0.55), fill=b)
            elif kind == "checks" and (i + j) % 2:
                d.rectangle((x, y, x + step, y + step), fill=b)
            elif kind == "triangles":
                d.polygon(
                    [(x, y + step), (x + step / 2, y), (x + step, y + step)], fill=b if (i + j) % 2 else tint(b, 0.4)
                )
    turned = image.rotate(rng.choice([0, 90, 45, rng.uniform(0, 180)]))
    return turned.crop((size // 2, size // 2, size // 2 + size, size // 2 + size)), frozenset({kind})


def plain_background(rng: Random, size: int) -> tuple[Image.Image, Words]:
    """Nothing at all: one colour, a gradient, grain."""
    colour = random_colour(rng)
    kind = rng.random()
    if kind < 0.45:
        return Image.new("RGB", (size, size), colour), frozenset()
    if kind < 0.8:
        return vertical(size, colour, tint(colour, rng.uniform(-0.6, 0.6))).rotate(
            rng.choice([0, 90, 180, 270])
        ), frozenset()
    grain = Image.effect_noise((size, size), rng.uniform(5, 50))
    return Image.blend(Image.new("RGB", (size, size), colour), Image.merge("RGB", [grain] * 3), 0.3), frozenset()


THINGS: dict[str, Callable[[Pen], Words]] = {
    "person": person, "human face": human_face, "car": car, "house": house, "tree": tree, "flower": flower, "cup": cup,
    "plate of food": plate_of_food, "farm animal": farm_animal, "insect": insect,
}  # fmt: skip
FULL_PICTURES: dict[str, Callable[[Random, int], tuple[Image.Image, Words]]] = {
    "room": room, "landscape": landscape, "page of text": page_of_text, "pattern": pattern, "plain background": plain_background,
}  # fmt: skip
