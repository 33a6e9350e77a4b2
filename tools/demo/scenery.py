"""Backgrounds and foregrounds of a subject: paper, colour, grass under sky, water, a floor."""

from random import Random

from PIL import Image, ImageChops, ImageDraw

from tools.demo.pen import Colour, hue, tint


def random_colour(rng: Random) -> Colour:
    """Return any colour, pale ones more often."""
    return hue(rng.random(), rng.uniform(0, 0.9) ** 1.5, rng.uniform(0.25, 1) ** 0.5)


def vertical(size: int, top: Colour, bottom: Colour) -> Image.Image:
    """Return a vertical gradient."""
    ramp = Image.linear_gradient("L").resize((size, size))
    return Image.composite(Image.new("RGB", (size, size), bottom), Image.new("RGB", (size, size), top), ramp)


def _meadow(rng: Random, size: int) -> Image.Image:
    sky, grass = (
        hue(rng.uniform(0.53, 0.6), rng.uniform(0.2, 0.6), rng.uniform(0.8, 1)),
        hue(rng.uniform(0.24, 0.36), rng.uniform(0.4, 0.7), rng.uniform(0.5, 0.85)),
    )
    image = vertical(size, sky, tint(sky, rng.uniform(0, 0.5)))
    draw = ImageDraw.Draw(image)
    horizon = size * rng.uniform(0.4, 0.8)
    draw.polygon(
        [(0, horizon), (size / 2, horizon + rng.uniform(-20, 20)), (size, horizon), (size, size), (0, size)], fill=grass
    )
    if rng.random() < 0.3:
        x, y, r = rng.uniform(0, size), rng.uniform(0, size * 0.25), size * rng.uniform(0.05, 0.1)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 225, 100) if rng.random() < 0.5 else (255, 255, 255))
    if rng.random() < 0.5:
        for _ in range(rng.randint(5, 30)):
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
    if rng.random() < 0.4:
        draw.rectangle((0, size * 0.9, size, size), fill=(225, 200, 150))
    return image


def _floor(rng: Random, size: int) -> Image.Image:
    wall, floor = (
        tint(random_colour(rng), 0.35),
        tint(hue(rng.uniform(0.05, 0.12), rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.85)), 0.1),
    )
    image = Image.new("RGB", (size, size), wall)
    draw = ImageDraw.Draw(image)
    edge = size * rng.uniform(0.55, 0.85)
    draw.rectangle((0, edge, size, size), fill=floor)
    if rng.random() < 0.4:
        for y in range(int(edge), size, max(8, size // 14)):
            draw.line((0, y, size, y), fill=tint(floor, -0.2), width=2)
    return image


def _shapes(rng: Random, size: int) -> Image.Image:
    image = Image.new("RGB", (size, size), random_colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(2, 9)):
        x, y, w, h = (
            rng.uniform(-0.2, 1) * size,
            rng.uniform(-0.2, 1) * size,
            rng.uniform(0.1, 0.6) * size,
            rng.uniform(0.1, 0.6) * size,
        )
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + w, y + h), fill=random_colour(rng))
    return image


def _gradient(rng: Random, size: int) -> Image.Image:
    image = vertical(size, random_colour(rng), random_colour(rng))
    return image.rotate(rng.choice([0, 90, 180, 270]))


def _disc(rng: Random, size: int) -> Image.Image:
    """A badge: the subject on a coloured disc."""
    image = Image.new("RGB", (size, size), tint(random_colour(rng), 0.6))
    margin = size * rng.uniform(0.0, 0.1)
    ImageDraw.Draw(image).ellipse((margin, margin, size - margin, size - margin), fill=random_colour(rng))
    return image


def _speckled(rng: Random, size: int) -> Image.Image:
    base = Image.new("RGB", (size, size), random_colour(rng))
    grain = Image.effect_noise((size // 4, size // 4), rng.uniform(10, 60)).resize((size, size))
    return ImageChops.multiply(base, Image.merge("RGB", [grain.point(lambda v: min(255, v + 110))] * 3))


def background(rng: Random, size: int, paper: Colour | None, water: bool = False) -> Image.Image:
    """Return a background of `size` pixels a side; `paper` where given; at times water for who lives in it."""
    if paper is not None:
        return Image.new("RGB", (size, size), paper)
    if water and rng.random() < 0.45:
        return _water(rng, size)
    scene = rng.choices(
        [_meadow, _floor, _shapes, _gradient, _disc, _water, _speckled, None], [5, 3, 2, 3, 1, 1, 1, 4]
    )[0]
    return scene(rng, size) if scene else Image.new("RGB", (size, size), random_colour(rng))


def foreground(rng: Random, image: Image.Image) -> None:
    """Hide a corner or an edge of the picture: grass blades, a bar, a blob. Draws on `image`."""
    size, draw = image.width, ImageDraw.Draw(image)
    kind = rng.random()
    if kind < 0.4:
        green = hue(rng.uniform(0.24, 0.36), 0.6, rng.uniform(0.4, 0.7))
        for _ in range(30):
            x = rng.uniform(0, size)
            draw.line((x, size, x + rng.uniform(-10, 10), size * rng.uniform(0.78, 0.95)), fill=green, width=5)
    elif kind < 0.7:
        x = rng.choice([0.0, 0.88]) * size
        draw.rectangle((x, 0, x + 0.12 * size, size), fill=random_colour(rng))
    else:
        x, y, r = rng.choice([0.08, 0.92]) * size, rng.choice([0.08, 0.92]) * size, size * rng.uniform(0.08, 0.18)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=random_colour(rng))
