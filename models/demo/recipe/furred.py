"""The furred pets (cat, dog, hamster, rabbit): the face, sitting, and standing."""

# Outlines are tables of numbers: a formatter would write one number per line.
# ruff: noqa: E501, PLR0913, PLR0917 - coordinates are arguments
# fmt: off

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from models.demo.recipe.pen import INK, WHITE, Colour, Pen, hue, tint
from models.demo.recipe.shapes import arc, curve, ellipse, polygon, smooth, tube

PINK: Colour = (238, 150, 160)


@dataclass(frozen=True)
class Coat:
    """The colours of one animal; `name` is the word a caption would use, `pattern` what is drawn over the base colour."""

    name: str
    base: Colour
    light: Colour
    eye: Colour
    pattern: str


_COATS = {
    "orange": (0.075, 0.75, 0.9),
    "brown": (0.07, 0.6, 0.5),
    "gray": (0.6, 0.06, 0.58),
    "black": (0.6, 0.1, 0.2),
    "white": (0.1, 0.03, 0.96),
    "cream": (0.11, 0.3, 0.94),
}


def random_coat(rng: Random, names: list[str] | None = None) -> Coat:
    """Pick natural colours; `names` narrows the choice."""
    name = rng.choice(names or list(_COATS))
    h, s, v = _COATS[name]
    base = hue(h + rng.uniform(-0.015, 0.015), s * rng.uniform(0.8, 1.2), v * rng.uniform(0.88, 1.05))
    light = tint(base, rng.uniform(0.45, 0.9))
    eye = rng.choice([(120, 170, 60), (200, 160, 40), (70, 140, 190), (110, 70, 40)])
    return Coat(name, base, light, eye, rng.choice(["plain", "plain", "patch", "stripes", "belly"]))


def _nose_and_mouth(pen: Pen, x: float, y: float, s: float, colour: Colour) -> None:
    pen.mark(polygon((x - s, y - s * 0.6), (x + s, y - s * 0.6), (x, y + s * 0.7)), colour)
    if pen.rng.random() < 0.8:
        pen.line(curve((x - 2.2 * s, y + 1.3 * s), (x - s, y + 2 * s), (x, y + 0.7 * s)), INK, 0.03)
        pen.line(curve((x + 2.2 * s, y + 1.3 * s), (x + s, y + 2 * s), (x, y + 0.7 * s)), INK, 0.03)


def _whiskers(pen: Pen, x: float, y: float, s: float) -> None:
    if pen.rng.random() < 0.75:
        for side in (-1, 1):
            for rise in (-0.16, 0.0, 0.16):
                ends = polygon((x + side * 0.3 * s, y + rise * s * 0.5), (x + side * 0.95 * s, y + rise * s * 1.4))
                pen.line(ends, pen.style.ink, 0.02)


def cat_head(pen: Pen, coat: Coat, x: float, y: float, s: float) -> None:
    """Draw a cat's head from the front: triangular ears, whiskers, a small nose."""
    tall = pen.rng.uniform(0.95, 1.3)
    for side in (-1, 1):
        ear = polygon((x + side * 0.82 * s, y - 0.25 * s), (x + side * 0.78 * s, y - tall * s), (x + side * 0.2 * s, y - 0.72 * s))
        pen.part(ear, coat.base)
        inner = ear * 0.6 + ear.mean(axis=0) * 0.4
        pen.patch(inner, PINK if pen.rng.random() < 0.7 else tint(coat.base, -0.3))
    pen.furry(ellipse(x, y, 0.88 * s, 0.74 * s), coat.base, s)
    if coat.pattern == "stripes":
        for dx in (-0.22, 0, 0.22):
            top = polygon((x + dx * s, y - 0.7 * s), (x + dx * 0.9 * s, y - 0.4 * s))
            pen.line(top, tint(coat.base, -0.45), 0.07 * s)
    if coat.pattern in ("belly", "patch"):
        pen.patch(ellipse(x, y + 0.34 * s, 0.42 * s, 0.3 * s), coat.light)
    for side in (-1, 1):
        ex, ey = x + side * 0.36 * s, y - 0.05 * s
        if pen.rng.random() < 0.5 or pen.style.kind == "silhouette":
            pen.eye(ex, ey, 0.14 * s, coat.eye)
        else:
            pen.mark(ellipse(ex, ey, 0.19 * s, 0.14 * s, -side * 10), coat.eye)
            pen.mark(ellipse(ex, ey, 0.05 * s, 0.13 * s), INK)
    _nose_and_mouth(pen, x, y + 0.22 * s, 0.085 * s, PINK)
    _whiskers(pen, x, y + 0.27 * s, s * pen.rng.uniform(1, 1.25))


def dog_head(pen: Pen, coat: Coat, x: float, y: float, s: float) -> None:
    """Draw a dog's head from the front: hanging or pricked ears, a broad muzzle with a big black nose, often a tongue."""
    floppy = pen.rng.random() < 0.88
    ear = tint(coat.base, pen.rng.choice([-0.35, -0.2, 0.0]))
    pricked = [polygon((x + d * 0.7 * s, y - 0.2 * s), (x + d * 0.72 * s, y - 1.15 * s), (x + d * 0.15 * s, y - 0.68 * s)) for d in (-1, 1)]
    if not floppy:
        for outline in pricked:
            pen.part(outline, ear)
    pen.furry(smooth((x - 0.62 * s, y - 0.5 * s), (x, y - 0.82 * s), (x + 0.62 * s, y - 0.5 * s), (x + 0.66 * s, y + 0.15 * s),
                     (x + 0.4 * s, y + 0.75 * s), (x, y + 0.88 * s), (x - 0.4 * s, y + 0.75 * s), (x - 0.66 * s, y + 0.15 * s)),
              coat.base, s)
    if floppy:
        drop = pen.rng.uniform(0.25, 0.75)
        for d in (-1, 1):
            pen.furry(smooth((x + d * 0.4 * s, y - 0.72 * s), (x + d * 0.85 * s, y - 0.62 * s), (x + d * 1.05 * s, y + drop * 0.5 * s),
                             (x + d * 0.85 * s, y + drop * s), (x + d * 0.62 * s, y + drop * 0.3 * s)), ear, s * 0.7)
    if coat.pattern == "patch":
        pen.patch(ellipse(x + 0.3 * s, y - 0.15 * s, 0.27 * s, 0.3 * s), tint(coat.base, -0.5))
    for d in (-1, 1):
        pen.eye(x + d * 0.3 * s, y - 0.12 * s, 0.11 * s, coat.eye)
    muzzle = coat.light if pen.rng.random() < 0.7 else tint(coat.base, 0.15)
    if pen.rng.random() < 0.7:
        pen.mark(smooth((x - 0.12 * s, y + 0.6 * s), (x + 0.12 * s, y + 0.6 * s), (x + 0.14 * s, y + 0.95 * s), (x, y + 1.05 * s),
                        (x - 0.14 * s, y + 0.95 * s)), (232, 92, 110))
    pen.part(ellipse(x, y + 0.42 * s, 0.42 * s, 0.3 * s), muzzle, edge=pen.rng.random() < 0.5)
    pen.mark(ellipse(x, y + 0.26 * s, 0.19 * s, 0.13 * s), INK)
    pen.line(polygon((x, y + 0.36 * s), (x, y + 0.55 * s)), INK, 0.03)
    pen.line(arc(x, y + 0.45 * s, 0.24 * s, 0.17 * s, 10, 170), INK, 0.03)


def dog_profile(pen: Pen, coat: Coat, x: float, y: float, s: float) -> None:
    """Draw a dog's head from the side: a long muzzle with the nose at its end, one hanging ear."""
    if pen.rng.random() < 0.3:
        pen.mark(ellipse(x - 0.8 * s, y + 0.5 * s, 0.13 * s, 0.22 * s), (232, 92, 110))
    pen.furry(smooth((x + 0.55 * s, y - 0.45 * s), (x, y - 0.75 * s), (x - 0.45 * s, y - 0.42 * s), (x - 1.1 * s, y - 0.14 * s),
                     (x - 1.18 * s, y + 0.22 * s), (x - 0.4 * s, y + 0.48 * s), (x + 0.3 * s, y + 0.65 * s), (x + 0.65 * s, y + 0.1 * s)),
              coat.base, s)
    if coat.pattern != "plain":
        pen.patch(ellipse(x - 0.75 * s, y + 0.14 * s, 0.36 * s, 0.2 * s, 8), coat.light)
    pen.mark(ellipse(x - 1.13 * s, y - 0.06 * s, 0.15 * s, 0.13 * s), INK)
    pen.line(curve((x - 1.05 * s, y + 0.26 * s), (x - 0.75 * s, y + 0.32 * s), (x - 0.5 * s, y + 0.22 * s)), INK, 0.03)
    pen.eye(x - 0.27 * s, y - 0.24 * s, 0.11 * s, coat.eye)
    drop = pen.rng.uniform(0.5, 0.9)
    ear = smooth((x + 0.08 * s, y - 0.62 * s), (x + 0.55 * s, y - 0.5 * s), (x + 0.72 * s, y + 0.7 * drop * s), (x + 0.4 * s, y + drop * s),
                 (x + 0.14 * s, y + 0.4 * drop * s))
    pen.furry(ear, tint(coat.base, pen.rng.choice([-0.4, -0.25, -0.15])), s * 0.7)


def hamster_head(pen: Pen, coat: Coat, x: float, y: float, s: float) -> None:
    """Draw a hamster's head: fat cheeks, small round ears on top, bead eyes."""
    for d in (-1, 1):
        pen.part(ellipse(x + d * 0.55 * s, y - 0.62 * s, 0.23 * s, 0.25 * s), coat.base)
        pen.patch(ellipse(x + d * 0.55 * s, y - 0.6 * s, 0.13 * s, 0.15 * s), PINK)
    pen.furry(smooth((x - 0.6 * s, y - 0.5 * s), (x, y - 0.75 * s), (x + 0.6 * s, y - 0.5 * s), (x + 0.98 * s, y + 0.25 * s),
                     (x + 0.6 * s, y + 0.7 * s), (x, y + 0.72 * s), (x - 0.6 * s, y + 0.7 * s), (x - 0.98 * s, y + 0.25 * s)),
              coat.base, s)
    cheeks = coat.light if pen.rng.random() < 0.8 else WHITE
    for d in (-1, 1):
        pen.patch(ellipse(x + d * 0.5 * s, y + 0.33 * s, 0.4 * s, 0.3 * s), cheeks)
    pen.patch(ellipse(x, y + 0.36 * s, 0.4 * s, 0.28 * s), cheeks)
    for d in (-1, 1):
        pen.eye(x + d * 0.36 * s, y - 0.12 * s, 0.13 * s)
    _nose_and_mouth(pen, x, y + 0.14 * s, 0.07 * s, PINK)
    if pen.rng.random() < 0.4:
        _whiskers(pen, x, y + 0.2 * s, s * 0.9)


def rabbit_head(pen: Pen, coat: Coat, x: float, y: float, s: float) -> None:
    """Draw a rabbit's head: very long ears, buck teeth."""
    splay, long = pen.rng.uniform(0.0, 24), pen.rng.uniform(0.62, 0.85)
    lop = pen.rng.random() < 0.12
    for d in (-1, 1):
        if lop:
            outline = ellipse(x + d * 0.78 * s, y + 0.3 * s, 0.22 * s, long * s * 0.85, -d * 12)
        else:
            outline = ellipse(x + d * (0.3 + splay / 90) * s, y - (0.55 + long) * s, 0.2 * s, long * s, d * splay)
        pen.part(outline, coat.base)
        pen.patch(outline * 0.6 + outline.mean(axis=0) * 0.4, PINK)
    pen.furry(ellipse(x, y, 0.68 * s, 0.68 * s), coat.base, s)
    for d in (-1, 1):
        pen.patch(ellipse(x + d * 0.2 * s, y + 0.34 * s, 0.24 * s, 0.2 * s), coat.light)
        pen.eye(x + d * 0.3 * s, y - 0.08 * s, 0.12 * s, coat.eye)
    _nose_and_mouth(pen, x, y + 0.2 * s, 0.08 * s, PINK)
    if pen.rng.random() < 0.6:
        pen.mark(
            polygon((x - 0.1 * s, y + 0.38 * s), (x + 0.1 * s, y + 0.38 * s), (x + 0.09 * s, y + 0.58 * s), (x - 0.09 * s, y + 0.58 * s)),
            WHITE,
        )
    if pen.rng.random() < 0.5:
        _whiskers(pen, x, y + 0.24 * s, s * 0.85)


Head = Callable[[Pen, Coat, float, float, float], None]
_HEADS: dict[str, list[Head]] = {
    "cat": [cat_head], "dog": [dog_head, dog_head, dog_profile], "hamster": [hamster_head], "rabbit": [rabbit_head]
}


def _tail(pen: Pen, pet: str, coat: Coat, x: float, y: float) -> None:
    """Draw the tail from its root: long and curled, wagging, a stub, or a cotton ball."""
    up = pen.rng.uniform(0.5, 1.1)
    if pet == "cat":
        path = curve((x, y), (x + 0.35, y - 0.1), (x + 0.42, y - 0.5 * up), (x + pen.rng.uniform(0.2, 0.6), y - up))
        pen.furry(tube(path, (0.1, 0.09, 0.07)), coat.base, 0.6)
    elif pet == "dog":
        path = curve((x, y), (x + 0.22, y - 0.2), (x + pen.rng.uniform(0.1, 0.4), y - 0.6 * up))
        pen.furry(tube(path, (0.1, 0.09, 0.03)), coat.base, 0.8)
    elif pet == "rabbit":
        pen.furry(ellipse(x + 0.06, y - 0.02, 0.15, 0.15), WHITE, 0.4)
    else:
        pen.part(ellipse(x + 0.03, y, 0.07, 0.04), PINK)


def _stripes(pen: Pen, coat: Coat, x: float, y: float, rx: float, ry: float) -> None:
    if coat.pattern == "stripes":
        for k in (-0.6, -0.2, 0.2, 0.6):
            pen.line(curve((x + k * rx, y - 0.9 * ry), (x + (k + 0.06) * rx, y - 0.3 * ry)), tint(coat.base, -0.45), 0.07)
    elif coat.pattern == "patch":
        spot = tint(coat.base, -0.5 if sum(coat.base) > 300 else 0.6)
        pen.patch(ellipse(x + 0.3 * rx, y - 0.2 * ry, 0.35 * rx, 0.4 * ry, 20), spot)


def face(pen: Pen, pet: str, coat: Coat) -> None:
    """Draw the face alone, filling the picture."""
    drop = {"rabbit": 0.5, "cat": 0.15, "dog": 0.0, "hamster": 0.0}[pet]
    _HEADS[pet][0](pen, coat, 0.0, drop, 0.72 if pet == "rabbit" else 0.95)


def sitting(pen: Pen, pet: str, coat: Coat) -> None:
    """Draw the animal sitting, seen from the front."""
    wide = {"cat": 0.46, "dog": 0.48, "hamster": 0.66, "rabbit": 0.5}[pet] * pen.rng.uniform(0.9, 1.1)
    top = {"hamster": -0.5}.get(pet, -0.25)
    _tail(pen, pet, coat, wide * 0.8, 0.75)
    pen.furry(smooth((0, top), (wide * 0.7, 0.1), (wide, 0.65), (wide * 0.7, 0.95), (0, 1.0), (-wide * 0.7, 0.95), (-wide, 0.65),
                     (-wide * 0.7, 0.1)), coat.base)
    if coat.pattern != "plain" or pet == "hamster":
        pen.patch(ellipse(0, 0.5, wide * 0.5, 0.38), coat.light)
    for d in (-1, 1):
        pen.part(ellipse(d * wide * 0.5, 0.93, 0.17, 0.1), coat.light if pen.rng.random() < 0.5 else coat.base)
        if pet in ("cat", "dog"):
            pen.line(polygon((d * 0.1, 0.45), (d * 0.12, 0.9)), pen.style.ink, 0.025)
        elif pet == "hamster":
            pen.part(ellipse(d * 0.2, 0.3, 0.12, 0.09), PINK)
    if pet == "hamster" and pen.rng.random() < 0.4:
        pen.mark(ellipse(0, 0.3, 0.1, 0.14), (150, 110, 50))
    size = {"cat": 0.56, "dog": 0.56, "hamster": 0.64, "rabbit": 0.48}[pet] * pen.rng.uniform(0.92, 1.15)
    if pet == "dog" and pen.rng.random() < 0.4:
        pen.mark(ellipse(0, 0.08, 0.34, 0.09), hue(pen.rng.random(), 0.8, 0.85))
    pen.rng.choice(_HEADS[pet])(pen, coat, 0.0, {"rabbit": -0.18, "hamster": -0.28}.get(pet, -0.4), size)


def standing(pen: Pen, pet: str, coat: Coat) -> None:
    """Draw the animal on four legs from the side, the face turned to us."""
    long = pen.rng.uniform(0.55, 0.72)
    leg = pen.rng.uniform(0.35, 0.55) if pet in ("cat", "dog") else 0.2
    floor = 0.35 + leg
    _tail(pen, pet, coat, long * 0.95, 0.1)
    for x, shade in ((-0.75, -0.2), (0.6, -0.2), (-0.5, 0.0), (0.85, 0.0)):
        sway = pen.rng.uniform(-0.12, 0.12)
        spine = curve((x * long, 0.2), (x * long + sway / 2, 0.2 + leg * 0.6), (x * long + sway, floor))
        pen.part(tube(spine, (0.13, 0.09, 0.1)), tint(coat.base, shade) if shade else coat.base)
    pen.furry(ellipse(0.02, 0.12, long * 1.08, 0.36), coat.base)
    _stripes(pen, coat, 0.05, 0.12, long, 0.36)
    if coat.pattern == "belly":
        pen.patch(ellipse(0.02, 0.33, long * 0.7, 0.12), coat.light)
    head = {"cat": 0.5, "dog": 0.5, "hamster": 0.46, "rabbit": 0.4}[pet] * pen.rng.uniform(0.9, 1.15)
    pen.rng.choice(_HEADS[pet])(pen, coat, -long * 0.95, -0.2, head)


POSES = [face, sitting, standing]


def draw_furred(pen: Pen, pet: str) -> Coat:
    """Draw `pet` in a random pose and coat; return the coat."""
    names = {"hamster": ["orange", "brown", "gray", "cream", "white", "orange", "cream"]}.get(pet)
    coat = random_coat(pen.rng, names)
    pen.rng.choice(POSES)(pen, pet, coat)
    return coat
