"""An image file to the square of pixels that the encoder takes.

Agrees with Transformers' `CLIPImageProcessor`: resize the shortest edge (antialiased), then crop the centre. Two
things differ on purpose: transparency is composited on white, and large JPEGs are decoded at a reduced scale.
Normalising is part of `clip/`, because it is arithmetic of torch.
"""

from dataclasses import dataclass

from PIL import Image

from function.images.decode import Picture, decode
from function.model.config import PreprocessConfig

# For a picture with longer sides than this, only the crop is resized: resizing a strip of 1 x 5,000 pixels as a whole
# would make 224 x 1,120,000. Resizing the crop alone changes the order of Pillow's passes, so it rounds differently.
_MAX_RESIZED_ASPECT = 2


@dataclass(frozen=True)
class PreparedImage:
    """The square that the encoder takes, and the properties of the file.

    `planes` holds crop_size x crop_size bytes of red, then green, then blue. `width` and `height` are the file's.
    """

    planes: bytearray
    format: str
    width: int
    height: int


def preprocess(data: bytes, config: PreprocessConfig, max_pixels: int) -> PreparedImage:
    """Decode the image file `data`, resize and crop it.

    Raises UnsupportedMediaType if the format is not readable, TooManyPixels (before decoding) if the image has more
    than `max_pixels`, and UndecodableImage if it is broken.
    """
    picture = decode(data, config.shortest_edge, max_pixels)
    square = resize_and_crop(picture, config)
    planes = bytearray(b"".join(channel.tobytes() for channel in square.split()))
    return PreparedImage(planes, picture.format, *picture.file_size)


def resize_and_crop(picture: Picture, config: PreprocessConfig) -> Image.Image:
    """Return the centre crop of the resized picture, RGB, crop_size x crop_size.

    The rounding is that of Transformers' `get_resize_output_image_size` and `center_crop`.
    """
    short, crop, resample = min(picture.full_size), config.crop_size, Image.Resampling(config.resample)
    width, height = (config.shortest_edge * length // short for length in picture.full_size)
    left, top = (width - crop) // 2, (height - crop) // 2
    if max(picture.full_size) <= _MAX_RESIZED_ASPECT * short:
        resized = picture.image.resize((width, height), resample, picture.filled)
        return resized.crop((left, top, left + crop, top + crop))
    x0, y0, x1, y1 = picture.filled
    x, y = (x1 - x0) / width, (y1 - y0) / height  # decoded pixels per resized pixel
    box = (x0 + left * x, y0 + top * y, min(x0 + (left + crop) * x, x1), min(y0 + (top + crop) * y, y1))
    return picture.image.resize((crop, crop), resample, box)
