"""Draw the words of labels.toml that are not pets, in the same styles: its background and its context.

`THINGS` are subjects drawn with the pen, `FULL_PICTURES` fill the picture. Each function returns the finer kinds it drew.
"""

# Outlines are tables of numbers: a formatter would write one number per line.
# ruff: noqa: E501, PLR0913, PLR0917 - coordinates are arguments
# fmt: off

import math
from collections.abc import Callable
from random import Random
from string import ascii_letters

from PIL import Image, ImageDraw

from models.demo.recipe.pen import INK, WHITE, Colour, Pen, hue, tint
from models.demo.recipe.scenery import random_colour, vertical
from models.demo.recipe.shapes import arc, box, curve, ellipse, polygon, smooth, tube

Words = frozenset[str]
_SKINS: list[Colour] = [(250, 215, 185), (235, 190, 150), (195, 140, 100), (130, 85, 60), (90, 58, 42), (255, 205, 60)]
_HAIR: list[Colour] = [(40, 30, 28), (95, 60, 35), (220, 180, 90), (170, 80, 40), (150, 150, 150)]
_WOOD: list[Colour] = [(150, 95, 55), (190, 140, 90), (110, 70, 45), (225, 190, 140)]


def _vivid(pen: Pen) -> Colour:
    return hue(pen.rng.random(), pen.rng.uniform(0.4, 0.9), pen.rng.uniform(0.5, 0.95))


def human_face(pen: Pen) -> Words:
    """A face with hair, brows, nose and mouth; or the yellow disc of a smiley."""
    rng, skin, hair = pen.rng, pen.rng.choice(_SKINS), pen.rng.choice(_HAIR)
    smiley = rng.random() < 0.25
    if smiley:
        pen.part(ellipse(0, 0, 0.9, 0.9), (255, 205, 60))
    else:
        if rng.random() < 0.5:
            pen.part(smooth((0, -1), (0.75, -0.7), (0.85, 0.7), (0.4, 0.95), (-0.4, 0.95), (-0.85, 0.7), (-0.75, -0.7)), hair)
        for d in (-1, 1):
            pen.part(ellipse(d * 0.66, 0.05, 0.12, 0.18), skin)
        pen.part(ellipse(0, 0.05, 0.66, 0.82), skin)
        pen.part(smooth((-0.68, -0.05), (-0.6, -0.75), (0, -0.98), (0.6, -0.75), (0.68, -0.05), (0.45, -0.42), (0, -0.5), (-0.4, -0.45)), hair)
    for d in (-1, 1):
        if not smiley or rng.random() < 0.5:
            pen.mark(ellipse(d * 0.27, -0.08, 0.14, 0.09), WHITE)
        pen.mark(ellipse(d * 0.27, -0.08, 0.07, 0.09), INK)
        if rng.random() < 0.7:
            pen.line(arc(d * 0.27, -0.18, 0.17, 0.1, 200, 340), hair, 0.05)
    if not smiley:
        pen.line(curve((0.0, -0.05), (0.08, 0.22), (-0.04, 0.25)), tint(skin, -0.4), 0.035)
    pen.line(arc(0, 0.38, 0.26, rng.uniform(0.06, 0.22), 15, 165), rng.choice([(190, 60, 70), INK]), 0.05)
    return frozenset()


def person(pen: Pen) -> Words:
    """A whole person: head, hair, shirt or dress, arms, legs."""
    rng, skin, shirt = pen.rng, pen.rng.choice(_SKINS), _vivid(pen)
    step, raised, dress = rng.uniform(0.08, 0.35), rng.random() < 0.3, rng.random() < 0.3
    trousers = _vivid(pen) if rng.random() < 0.5 else (50, 60, 100)
    for d in (-1, 1):
        leg = curve((d * 0.12, 0.2), (d * (0.1 + step) / 1.2, 0.6), (d * step, 0.95))
        pen.part(tube(leg, (0.12, 0.1, 0.08)), skin if dress else trousers)
        hand = (d * 0.62, -0.55) if raised else (d * rng.uniform(0.35, 0.65), 0.2)
        arm = curve((d * 0.2, -0.38), (d * 0.42, -0.2), hand)
        pen.part(tube(arm, (0.09, 0.07, 0.06)), shirt if rng.random() < 0.6 else skin)
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


def sofa(pen: Pen) -> Words:
    """A sofa from the front: a back, cushions, two arms, short legs."""
    cloth, high = _vivid(pen), pen.rng.uniform(0.45, 0.7)
    for x in (-0.8, 0.8):
        pen.part(box(x - 0.06, 0.5, x + 0.06, 0.72), pen.rng.choice(_WOOD))
    pen.part(smooth((-0.8, -high), (0.8, -high), (0.85, 0.2), (-0.85, 0.2)), cloth)
    seats = pen.rng.choice([2, 3])
    for k in range(seats):
        x = -0.72 + 1.44 * k / seats
        pen.part(box(x, -high + 0.15, x + 1.44 / seats, 0.15), tint(cloth, 0.12))
        pen.part(box(x, 0.1, x + 1.44 / seats, 0.36), tint(cloth, 0.25))
    pen.part(box(-0.8, 0.32, 0.8, 0.56), cloth)
    for d in (-1, 1):
        pen.part(smooth((d * 0.7, -0.15), (d * 0.98, -0.18), (d * 0.98, 0.56), (d * 0.7, 0.56)), tint(cloth, -0.15))
    return frozenset()


def table(pen: Pen) -> Words:
    """A table from the side: a top on two or four legs, sometimes with a cloth."""
    wood, top = pen.rng.choice(_WOOD), pen.rng.uniform(-0.35, 0.0)
    for x, shade in ((-0.6, -0.3), (0.6, -0.3), (-0.85, 0.0), (0.85, 0.0)):
        pen.part(box(x - 0.06, top, x + 0.06, 0.85 if shade == 0 else 0.7), tint(wood, shade) if shade else wood)
    pen.part(polygon((-0.8, top - 0.25), (0.8, top - 0.25), (1.0, top), (-1.0, top)), tint(wood, 0.2))
    pen.part(box(-1.0, top, 1.0, top + 0.13), wood)
    if pen.rng.random() < 0.3:
        pen.part(polygon((-0.55, top - 0.25), (0.55, top - 0.25), (0.6, top + 0.3), (-0.6, top + 0.3)), _vivid(pen))
    return frozenset()


def plant(pen: Pen) -> Words:
    """A house plant: leaves that rise out of a pot."""
    rng, leaf = pen.rng, hue(pen.rng.uniform(0.24, 0.4), pen.rng.uniform(0.5, 0.8), pen.rng.uniform(0.35, 0.7))
    count, wide = rng.randint(5, 9), rng.uniform(0.09, 0.17)
    for k in range(count):
        x = (2 * k / (count - 1) - 1) * rng.uniform(0.6, 0.9)
        tip = (x, -0.95 + 0.7 * x * x + rng.uniform(-0.05, 0.2))
        pen.part(tube(curve((0.1 * x, 0.35), (0.55 * x, -0.3), tip), (0.03, wide, wide * 0.8, 0.01)), tint(leaf, rng.uniform(-0.2, 0.2)))
    pot = rng.choice([(200, 110, 70), _vivid(pen), (240, 240, 235)])
    pen.part(polygon((-0.38, 0.35), (0.38, 0.35), (0.28, 0.95), (-0.28, 0.95)), pot)
    pen.part(box(-0.43, 0.27, 0.43, 0.42), tint(pot, -0.12))
    return frozenset()


def plate_of_food(pen: Pen) -> Words:
    """A plate with food on it, seen from above or aslant."""
    rng, flat = pen.rng, pen.rng.uniform(0.5, 1.0)
    pen.part(ellipse(0, 0, 0.98, 0.98 * flat), (245, 245, 242))
    pen.part(ellipse(0, 0, 0.72, 0.72 * flat), (230, 230, 228))
    foods: list[Colour] = [(200, 60, 50), (90, 160, 60), (240, 190, 70), (150, 90, 50), (250, 230, 170), (230, 130, 50)]
    for _ in range(rng.randint(4, 9)):
        x, y = rng.uniform(-0.42, 0.42), rng.uniform(-0.4, 0.4) * flat
        pen.part(ellipse(x, y, rng.uniform(0.1, 0.28), rng.uniform(0.08, 0.2), rng.uniform(0, 180)), rng.choice(foods))
    return frozenset()


def car(pen: Pen) -> Words:
    """A car or a bus from the side."""
    rng, paint, glass = pen.rng, _vivid(pen), (190, 222, 240)
    bus = rng.random() < 0.3
    if bus:
        pen.part(box(-0.95, -0.55, 0.95, 0.4), paint)
        for x in (-0.8, -0.35, 0.1, 0.55):
            pen.mark(box(x, -0.42, x + 0.34, -0.05), glass)
    else:
        roof = rng.uniform(0.3, 0.55)
        pen.part(smooth((-0.55, -0.05), (-0.3, -roof), (0.3, -roof), (0.62, -0.05)), paint)
        pen.part(smooth((-0.98, 0.0), (-0.5, -0.1), (0.6, -0.1), (0.98, 0.05), (0.98, 0.35), (-0.98, 0.35)), paint)
        pen.mark(polygon((-0.42, -0.08), (-0.24, -roof + 0.1), (-0.02, -roof + 0.1), (-0.02, -0.08)), glass)
        pen.mark(polygon((0.05, -0.08), (0.05, -roof + 0.1), (0.26, -roof + 0.1), (0.46, -0.08)), glass)
    for x in (-0.55, 0.55):
        pen.part(ellipse(x, 0.4, 0.23, 0.23), (45, 45, 50))
        pen.mark(ellipse(x, 0.4, 0.1, 0.1), (190, 190, 195))
    return frozenset({"bus" if bus else "car"})


def house(pen: Pen) -> Words:
    """A house: walls, a roof, a door, windows."""
    rng, wall = pen.rng, _vivid(pen) if pen.rng.random() < 0.5 else (235, 220, 190)
    if rng.random() < 0.5:
        pen.part(box(0.3, -0.8, 0.5, -0.3), (150, 80, 70))
    pen.part(box(-0.7, -0.1, 0.7, 0.85), wall)
    roof = rng.choice([(190, 70, 55), (120, 70, 50), (90, 100, 120), _vivid(pen)])
    pen.part(polygon((-0.92, -0.05), (0, rng.uniform(-0.95, -0.6)), (0.92, -0.05)), roof)
    door = rng.choice([-0.45, -0.14, 0.2])
    pen.part(box(door, 0.3, door + 0.28, 0.85), (120, 75, 45))
    for x in (-0.5, -0.1, 0.35):
        if abs(x - door) > 0.2:
            pen.part(box(x, 0.2, x + 0.26, 0.48), (180, 220, 245))
    return frozenset()


def tree(pen: Pen) -> Words:
    """A tree with a round crown, or a fir."""
    rng, leaf = pen.rng, hue(pen.rng.uniform(0.22, 0.4), 0.65, pen.rng.uniform(0.35, 0.75))
    pen.part(polygon((-0.12, 0.2), (0.12, 0.2), (0.16, 0.95), (-0.16, 0.95)), (115, 75, 45))
    if rng.random() < 0.6:
        for _ in range(rng.randint(3, 6)):
            pen.part(ellipse(rng.uniform(-0.35, 0.35), rng.uniform(-0.6, 0.0), 0.45, 0.38), leaf, edge=False)
        pen.part(smooth((-0.6, 0.0), (-0.55, -0.6), (0, -0.95), (0.55, -0.6), (0.6, 0.0), (0, 0.28)), leaf)
    else:
        for k in range(3):
            y, w = 0.45 - 0.42 * k, 0.75 - 0.18 * k
            pen.part(polygon((-w, y), (0, y - 0.62), (w, y)), leaf)
    return frozenset()


def flower(pen: Pen) -> Words:
    """A flower: petals round a disc, often on a stem with leaves."""
    rng, petal, stem = pen.rng, _vivid(pen), pen.rng.random() < 0.75
    green = hue(rng.uniform(0.26, 0.36), 0.65, rng.uniform(0.4, 0.7))
    y, r = (-0.35, 0.5) if stem else (0.0, 0.75)
    if stem:
        pen.part(tube(curve((0, y), (0.05, 0.4), (0, 0.98)), (0.045, 0.045)), green)
        for d in (-1, 1):
            pen.part(smooth((0.02, 0.75), (d * 0.3, 0.35), (d * 0.48, 0.35), (d * 0.25, 0.68)), green)
    petals = rng.randint(5, 10)
    for k in range(petals):
        a = math.radians(360 * k / petals)
        pen.part(ellipse(r * 0.6 * math.cos(a), y + r * 0.6 * math.sin(a), r * 0.42, r * 1.6 / petals + 0.03, math.degrees(a)), petal)
    pen.part(ellipse(0, y, r * 0.33, r * 0.33), rng.choice([(250, 205, 60), (110, 70, 40), WHITE]))
    return frozenset()


def cup(pen: Pen) -> Words:
    """A mug with a handle, sometimes steaming."""
    rng, china = pen.rng, _vivid(pen) if pen.rng.random() < 0.7 else (245, 245, 240)
    pen.line(arc(0.5, 0.0, 0.34, 0.32, -90, 90), pen.style.ink if pen.style.kind != "flat" else tint(china, -0.2), 0.12)
    pen.part(polygon((-0.52, -0.5), (0.52, -0.5), (0.46, 0.7), (-0.46, 0.7)), china)
    pen.part(ellipse(0, -0.5, 0.52, 0.14), tint(china, -0.3) if rng.random() < 0.5 else (90, 55, 35))
    if rng.random() < 0.4:
        for x in (-0.2, 0.1):
            pen.line(curve((x, -0.65), (x + 0.08, -0.78), (x - 0.05, -0.88), (x + 0.05, -1.0)), (170, 170, 175), 0.04)
    return frozenset()


def farm_animal(pen: Pen) -> Words:
    """A cow, pig or sheep: the face, or the side with the face turned to the viewer."""
    kind = pen.rng.choice(["cow", "pig", "sheep"])
    coat = {"cow": pen.rng.choice([WHITE, (140, 85, 55)]), "pig": (245, 175, 180), "sheep": (245, 242, 235)}[kind]
    if pen.rng.random() < 0.4:
        _farm_face(pen, kind, coat, 0.0, 0.05, 0.95)
        return frozenset({kind})
    for x, shade in ((-0.3, -0.2), (0.62, -0.2), (-0.45, -0.05), (0.48, -0.05)):
        pen.part(box(x - 0.09, 0.3, x + 0.09, 0.78), tint(coat, shade))
        pen.part(box(x - 0.1, 0.74, x + 0.1, 0.88), (70, 55, 50))
    if kind == "sheep":
        for k in range(9):
            a = math.radians(40 * k)
            pen.part(ellipse(0.1 + 0.5 * math.cos(a), 0.1 + 0.28 * math.sin(a), 0.26, 0.22), coat, edge=False)
    pen.part(ellipse(0.1, 0.1, 0.72, 0.42), coat)
    if kind == "cow":
        for x, y in ((0.0, 0.0), (0.4, 0.15), (0.5, -0.1)):
            pen.patch(ellipse(x, y, 0.18, 0.13, pen.rng.uniform(0, 90)), (50, 42, 40) if coat == WHITE else WHITE)
    _farm_face(pen, kind, coat, -0.68, -0.15, 0.4)
    return frozenset({kind})


def _farm_face(pen: Pen, kind: str, coat: Colour, x: float, y: float, s: float) -> None:
    pink, skin = (240, 165, 170), (75, 65, 62) if kind == "sheep" and pen.rng.random() < 0.6 else coat
    for d in (-1, 1):
        if kind == "cow":
            horn = curve((x + d * 0.4 * s, y - 0.55 * s), (x + d * 0.62 * s, y - 0.7 * s), (x + d * 0.6 * s, y - 0.98 * s))
            pen.part(tube(horn, (0.1 * s, 0.08 * s, 0.01)), (235, 225, 200))
        if kind == "pig":
            pen.part(polygon((x + d * 0.65 * s, y - 0.3 * s), (x + d * 0.62 * s, y - 0.95 * s), (x + d * 0.18 * s, y - 0.65 * s)), skin)
        else:
            pen.part(ellipse(x + d * 0.75 * s, y - 0.25 * s, 0.28 * s, 0.14 * s, d * 15), skin)
    if kind == "pig":
        pen.part(ellipse(x, y, 0.8 * s, 0.75 * s), skin)
        pen.part(ellipse(x, y + 0.2 * s, 0.36 * s, 0.26 * s), tint(pink, -0.12))
    else:
        pen.part(smooth((x - 0.5 * s, y - 0.6 * s), (x + 0.5 * s, y - 0.6 * s), (x + 0.5 * s, y + 0.1 * s), (x + 0.4 * s, y + 0.85 * s),
                        (x - 0.4 * s, y + 0.85 * s), (x - 0.5 * s, y + 0.1 * s)), skin)
        if kind == "cow":
            pen.part(ellipse(x, y + 0.6 * s, 0.52 * s, 0.3 * s), pink)
        else:
            for k in (-0.4, -0.13, 0.13, 0.4):
                pen.part(ellipse(x + k * s, y - 0.62 * s, 0.24 * s, 0.22 * s), (245, 242, 235))
    for d in (-1, 1):
        pen.mark(ellipse(x + d * 0.13 * s, y + (0.2 if kind == "pig" else 0.62) * s, 0.05 * s, 0.08 * s), (110, 60, 60))
        pen.eye(x + d * 0.32 * s, y - 0.2 * s, 0.09 * s)


def insect(pen: Pen) -> Words:
    """A butterfly, a beetle or a bee: feelers, and patterned wings or six legs."""
    rng, colour = pen.rng, _vivid(pen)
    kind = rng.choice(["butterfly", "beetle", "bee"])
    for d in (-1, 1):
        pen.line(curve((d * 0.05, -0.55), (d * 0.2, -0.8), (d * 0.34, -0.92)), INK, 0.035)
        if kind == "butterfly":
            pen.part(smooth((d * 0.05, -0.2), (d * 0.5, -0.85), (d * 0.98, -0.65), (d * 0.75, -0.05), (d * 0.05, 0.05)), colour)
            pen.part(smooth((d * 0.05, 0.05), (d * 0.7, 0.1), (d * 0.7, 0.7), (d * 0.3, 0.75)), tint(colour, -0.2))
            pen.patch(ellipse(d * 0.6, -0.45, 0.16, 0.14), tint(colour, 0.55))
            continue
        for y in (-0.25, 0.08, 0.4):
            pen.line(curve((d * 0.2, y), (d * 0.55, y - 0.08), (d * 0.75, y + 0.15)), INK, 0.045)
        if kind == "bee":
            pen.part(ellipse(d * 0.52, -0.15, 0.42, 0.22, -d * 25), (225, 238, 248))
    if kind == "butterfly":
        pen.part(ellipse(0, 0.02, 0.08, 0.58), INK)
        return frozenset({kind})
    pen.part(ellipse(0, -0.5, 0.28, 0.23), INK)
    if kind == "bee":
        pen.part(ellipse(0, 0.2, 0.36, 0.6), (248, 200, 40))
        for y in (-0.1, 0.2, 0.5):
            pen.mark(box(-0.32, y, 0.32, y + 0.13), INK)
        return frozenset({kind})
    pen.part(ellipse(0, 0.12, 0.58, 0.65), (205, 40, 40) if rng.random() < 0.5 else colour)
    pen.line(polygon((0, -0.5), (0, 0.76)), INK, 0.05)
    for x, y in ((0.3, -0.1), (-0.3, -0.1), (0.28, 0.35), (-0.28, 0.35)):
        pen.mark(ellipse(x, y, 0.1, 0.1), INK)
    return frozenset({kind})


def room(rng: Random, size: int) -> Image.Image:
    """A room: walls, a floor, a window and a door, shelf or lamp."""
    wall, floor = tint(random_colour(rng), 0.3), hue(rng.uniform(0.04, 0.12), rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.8))
    image = Image.new("RGB", (size, size), wall)
    d, edge, u = ImageDraw.Draw(image), size * rng.uniform(0.55, 0.75), size / 10
    d.rectangle((0, edge, size, size), fill=floor)
    if rng.random() < 0.4:
        x = rng.uniform(1.5, 2.5) * u
        d.polygon([(0, 0), (x, u), (x, edge), (0, size)], fill=tint(wall, -0.15))
        d.polygon([(0, size), (x, edge), (size, edge), (size, size)], fill=floor)
    x, y = rng.uniform(0.5, 6) * u, rng.uniform(0.6, 2) * u
    d.rectangle((x, y, x + 3 * u, y + 2.8 * u), fill=rng.choice([(175, 215, 245), random_colour(rng)]), outline=WHITE, width=int(0.25 * u))
    d.line((x + 1.5 * u, y, x + 1.5 * u, y + 2.8 * u), fill=WHITE, width=int(0.2 * u))
    for _ in range(rng.randint(1, 2)):
        x, colour = rng.uniform(0.3, 7) * u, random_colour(rng)
        outline = INK if rng.random() < 0.5 else tint(colour, -0.4)
        if rng.random() < 0.4:
            d.line((x + 0.8 * u, edge - 3.5 * u, x + 0.8 * u, edge + 0.8 * u), fill=outline, width=5)
            d.polygon([(x, edge - 3 * u), (x + 0.4 * u, edge - 4.4 * u), (x + 1.2 * u, edge - 4.4 * u), (x + 1.6 * u, edge - 3 * u)], fill=colour)
        else:
            d.rectangle((x, edge - 4 * u, x + 2.4 * u, edge + 0.2 * u), fill=colour, outline=outline, width=3)
            for row in range(rng.choice([0, 3])):
                d.line((x, edge - (2.6 - 1.4 * row) * u, x + 2.4 * u, edge - (2.6 - 1.4 * row) * u), fill=outline, width=3)
    return image


def landscape(rng: Random, size: int) -> Image.Image:
    """Mountains and hills, or the sea, under a sky."""
    sky = rng.choice([hue(rng.uniform(0.53, 0.62), rng.uniform(0.2, 0.6), 0.95), hue(rng.uniform(0.02, 0.1), 0.5, 0.95), hue(0.65, 0.5, 0.35)])
    image = vertical(size, sky, tint(sky, rng.uniform(0.2, 0.7)))
    d, horizon = ImageDraw.Draw(image), rng.uniform(0.45, 0.65) * size
    if rng.random() < 0.7:
        x, y, r = rng.uniform(0.1, 0.9) * size, rng.uniform(0.1, 0.35) * size, rng.uniform(0.05, 0.11) * size
        d.ellipse((x - r, y - r, x + r, y + r), fill=rng.choice([(255, 225, 100), (255, 245, 220), (250, 140, 70)]))
    rock = hue(rng.uniform(0, 1), rng.uniform(0.05, 0.35), rng.uniform(0.35, 0.7))
    for _ in range(rng.choice([0, 2, 3, 4])):
        x, w, h = rng.uniform(0, 1) * size, rng.uniform(0.2, 0.45) * size, rng.uniform(0.2, 0.42) * size
        d.polygon([(x - w, horizon + 4), (x, horizon - h), (x + w, horizon + 4)], fill=rock)
        d.polygon([(x - w * 0.28, horizon - h * 0.72), (x, horizon - h), (x + w * 0.28, horizon - h * 0.72), (x, horizon - h * 0.62)], fill=WHITE)
    ground = rng.choice([hue(rng.uniform(0.22, 0.36), 0.55, 0.65), hue(rng.uniform(0.52, 0.6), 0.6, 0.75), hue(0.11, 0.45, 0.88)])
    for k in range(rng.randint(1, 4)):
        top, phase = horizon + k * 0.13 * size, rng.uniform(0, 6.3)
        hill = [(x, top + 0.05 * size * math.sin(4.2 * x / size + phase)) for x in range(0, size + 8, 8)]
        d.polygon([*hill, (size + 8, size), (0, size)], fill=tint(ground, -0.13 * k))
    return image


def page_of_text(rng: Random, size: int) -> Image.Image:
    """A page of printed lines, or a few big letters."""
    paper, ink = tint(random_colour(rng), 0.75), INK if rng.random() < 0.7 else tint(random_colour(rng), -0.6)
    if rng.random() < 0.1:
        paper, ink = tint(ink, -0.2), WHITE
    image = Image.new("RGB", (size, size), paper)
    d = ImageDraw.Draw(image)
    if rng.random() < 0.3:
        text = "".join(rng.choices(ascii_letters, k=rng.randint(1, 8)))
        corner = size * rng.uniform(0.02, 0.2), size * rng.uniform(0.1, 0.5)
        d.text(corner, text, fill=ink, font_size=size * rng.uniform(0.25, 0.6) * (1.6 if len(text) < 3 else 0.8))
        return image
    step, y, left = size * rng.uniform(0.045, 0.1), size * rng.uniform(0.03, 0.12), size * rng.uniform(0.03, 0.12)
    while y < size * 0.95:
        end = size * (rng.uniform(0.86, 0.97) if rng.random() < 0.8 else rng.uniform(0.3, 0.9))
        words = " ".join("".join(rng.choices(ascii_letters, k=rng.randint(1, 9))) for _ in range(14))
        d.text((left, y), words[: int((end - left) / (step * 0.42))], fill=ink, font_size=step * 0.85)
        y += step * (1.9 if rng.random() < 0.12 else 1.1)
    return image.rotate(rng.uniform(-8, 8), fillcolor=paper)


def pattern(rng: Random, size: int) -> Image.Image:
    """Stripes, dots, checks or a grid."""
    a, b = random_colour(rng), random_colour(rng)
    if sum(abs(p - q) for p, q in zip(a, b, strict=True)) < 150:
        b = tint(a, -0.6 if sum(a) > 380 else 0.7)
    big, step, kind = size * 2, int(size * rng.uniform(0.08, 0.28)), rng.choice(["stripes", "dots", "checks", "grid"])
    image = Image.new("RGB", (big, big), a)
    d = ImageDraw.Draw(image)
    for i, y in enumerate(range(0, big, step)):
        if kind in ("stripes", "grid"):
            d.rectangle((0, y, big, y + step * (0.5 if kind == "stripes" else 0.15)), fill=b)
        if kind == "grid":
            d.rectangle((y, 0, y + step * 0.15, big), fill=b)
        for j, x in enumerate(range(0, big, step)):
            if kind == "dots":
                dx = step / 2 if i % 2 else 0
                d.ellipse((x + dx, y, x + dx + step * 0.55, y + step * 0.55), fill=b)
            elif kind == "checks" and (i + j) % 2:
                d.rectangle((x, y, x + step, y + step), fill=b)
    turned = image.rotate(rng.choice([0, 90, 45, rng.uniform(0, 180)]))
    return turned.crop((size // 2, size // 2, size // 2 + size, size // 2 + size))


def plain_background(rng: Random, size: int) -> Image.Image:
    """One colour, a gradient, or grain."""
    colour, kind = random_colour(rng), rng.random()
    flat = Image.new("RGB", (size, size), colour)
    if kind < 0.45:
        return flat
    if kind < 0.8:
        return vertical(size, colour, tint(colour, rng.uniform(-0.6, 0.6))).rotate(rng.choice([0, 90, 180, 270]))
    grain = Image.effect_noise((size, size), rng.uniform(5, 50))
    return Image.blend(flat, Image.merge("RGB", [grain] * 3), 0.3)


THINGS: dict[str, Callable[[Pen], Words]] = {
    "person": person, "human face": human_face, "sofa": sofa, "table": table, "plant": plant, "plate of food": plate_of_food, "car": car,
    "house": house, "tree": tree, "flower": flower, "cup": cup, "farm animal": farm_animal, "insect": insect,
}
FULL_PICTURES: dict[str, Callable[[Random, int], Image.Image]] = {
    "room": room, "landscape": landscape, "page of text": page_of_text, "pattern": pattern, "plain background": plain_background,
}
CONTEXTS = ("person", "human face", "sofa", "table", "room", "plant", "plate of food")
