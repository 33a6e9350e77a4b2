"""Backgrounds of a subject (paper, colour, a meadow, water, a floor), and objects in front of it."""

# fmt: off

from random import Random

from PIL import Image, ImageDraw

from models.demo.recipe.pen import Colour, hue, tint


def random_colour(rng: Random) -> Colour:
    """Return any colour, pale ones more often."""
    return hue(rng.random(), rng.uniform(0, 0.9) ** 1.5, rng.uniform(0.25, 1) ** 0.5)


def vertical(size: int, top: Colour, bottom: Colour) -> Image.Image:
    """Return a vertical gradient."""
    ramp = Image.linear_gradient("L").resize((size, size))
    return Image.composite(Image.new("RGB", (size, size), bottom), Image.new("RGB", (size, size), top), ramp)


def _meadow(rng: Random, size: int) -> Image.Image:
    sky = hue(rng.uniform(0.53, 0.6), rng.uniform(0.2, 0.6), rng.uniform(0.8, 1))
    grass = hue(rng.uniform(0.24, 0.36), rng.uniform(0.4, 0.7), rng.uniform(0.5, 0.85))
    image = vertical(size, sky, tint(sky, rng.uniform(0, 0.5)))
    draw, horizon = ImageDraw.Draw(image), size * rng.uniform(0.4, 0.8)
    draw.rectangle((0, horizon, size, size), fill=grass)
    for _ in range(rng.choice([0, 10, 30])):
        x, y = rng.uniform(0, size), rng.uniform(horizon, size)
        draw.line((x, y, x + rng.uniform(-4, 4), y - rng.uniform(4, 14)), fill=tint(grass, -0.25), width=3)
    return image


def _water(rng: Random, size: int) -> Image.Image:
    blue = hue(rng.uniform(0.5, 0.6), rng.uniform(0.3, 0.7), rng.uniform(0.7, 0.95))
    image = vertical(size, tint(blue, 0.3), tint(blue, -0.25))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(0, 10)):
        x, y, r = rng.uniform(0, size), rng.uniform(0, size), rng.uniform(2, 8)
        draw.ellipse((x - r, y - r, x + r, y + r), outline=tint(blue, 0.6), width=2)
    return image


def _floor(rng: Random, size: int) -> Image.Image:
    floor = hue(rng.uniform(0.05, 0.12), rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.85))
    image = Image.new("RGB", (size, size), tint(random_colour(rng), 0.35))
    draw, edge = ImageDraw.Draw(image), int(size * rng.uniform(0.55, 0.85))
    draw.rectangle((0, edge, size, size), fill=floor)
    for y in range(edge, size, rng.choice([size, max(8, size // 14)])):
        draw.line((0, y, size, y), fill=tint(floor, -0.2), width=2)
    return image


def _shapes(rng: Random, size: int) -> Image.Image:
    image = Image.new("RGB", (size, size), random_colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(2, 9)):
        x, y = rng.uniform(-0.2, 1) * size, rng.uniform(-0.2, 1) * size
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + rng.uniform(0.1, 0.6) * size, y + rng.uniform(0.1, 0.6) * size), fill=random_colour(rng))
    return image


def _gradient(rng: Random, size: int) -> Image.Image:
    return vertical(size, random_colour(rng), random_colour(rng)).rotate(rng.choice([0, 90, 180, 270]))


def _colour(rng: Random, size: int) -> Image.Image:
    return Image.new("RGB", (size, size), random_colour(rng))


def background(rng: Random, size: int, paper: Colour | None, water: bool = False) -> Image.Image:
    """Return a background of `size` pixels a side: `paper` if it is not None; with `water`, often water."""
    if paper is not None:
        return Image.new("RGB", (size, size), paper)
    if water and rng.random() < 0.45:
        return _water(rng, size)
    return rng.choices([_meadow, _floor, _shapes, _gradient, _water, _colour], [5, 3, 3, 3, 1, 4])[0](rng, size)


def foreground(rng: Random, image: Image.Image) -> None:
    """Draw a bar or a blob on `image` that hides an edge or a corner."""
    size, draw = image.width, ImageDraw.Draw(image)
    if rng.random() < 0.5:
        x = rng.choice([0.0, 0.88]) * size
        draw.rectangle((x, 0, x + 0.12 * size, size), fill=random_colour(rng))
    else:
        x, y, r = rng.choice([0.08, 0.92]) * size, rng.choice([0.08, 0.92]) * size, size * rng.uniform(0.08, 0.18)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=random_colour(rng))
