"""Bytes of a picture to the tensor that CLIP's vision tower takes, in one decode and one resize.

Agrees with Transformers' `CLIPImageProcessor`: shortest edge resized (bicubic, antialiased), centre crop, rescale,
normalise. A JPEG much larger than needed is decoded at a reduced scale, which costs less and shows the same. One thing
is done differently on purpose: transparency shows white, not what happens to be stored beneath it.
"""

import warnings
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Self

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from function.clip.bounds import BoundedFile, check_pieces, check_size
from function.clip.orientation import orientation_of, start_of, turned_upright
from function.clip.resize import resize_and_crop
from function.errors import CheckpointError, TaggerError, TooManyPixels, UndecodableImage, UnsupportedMediaType

# Pillow warns of each oddity in a file: a hostile one would fill the log, and memory, where every text is remembered.
warnings.filterwarnings("ignore", module=r"PIL\.")

# The first four are in memory once Pillow is; asking for a later one imports all of Pillow's plugins, once.
_PILLOW_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF")
_READABLE = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC"
# ISO/IEC 23008-12: the brands of HEIF files coded in HEVC.
_CONTAINER_BRANDS = {b"mif1", b"msf1"}  # of any coding, which is among the other brands of the file's first bytes
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"} | _CONTAINER_BRANDS
_MAX_BRANDS = 256
# A JPEG is decoded at a reduced scale while that leaves this many times the pixels, per side, that the resize needs.
_DRAFT_MARGIN = 2
# Wider or higher than this, only the crop is resized: a strip of 1 x 5000 pixels would become 224 x 1,120,000. It is
# not done for all, for it makes Pillow choose the order of its two passes anew, and rounding between them shows.
_MAX_RESIZED_ASPECT = 2


@dataclass(frozen=True)
class DecodedImage:
    """One image, ready for the encoder, and what it was.

    `pixels` has shape (3, size, size), float32, normalised; `width` and `height` are those of the file, in pixels.
    """

    pixels: Tensor
    format: str
    width: int
    height: int


@dataclass(frozen=True)
class Preprocess:
    """The preprocessing of one checkpoint, as its `preprocessor_config.json` gives it.

    `shortest_edge` and `crop_size` in pixels; `resample` is Pillow's number of the filter; the result is
    `(value * rescale_factor - mean) / std` per channel, for values 0 to 255.
    """

    shortest_edge: int
    crop_size: int
    resample: int
    rescale_factor: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def from_hugging_face(cls, config: dict[str, Any]) -> Self:
        """Return the preprocessing that a `preprocessor_config.json` describes.

        Raises CheckpointError for anything but resize, centre crop, rescale and normalise: a setting that is not
        understood must not be served as if it were.
        """
        for step in ("do_resize", "do_center_crop", "do_rescale", "do_normalize"):
            if not config.get(step, True):
                raise CheckpointError(f"preprocessor_config.json: {step} = false is not supported")
        shortest_edge = _edge(config, "size", ("shortest_edge",))
        crop_size = _edge(config, "crop_size", ("height", "width"))
        if crop_size > shortest_edge:
            raise CheckpointError("preprocessor_config.json: crop_size over size would need padding: not supported")
        return cls(
            shortest_edge=shortest_edge,
            crop_size=crop_size,
            resample=int(config.get("resample", Image.Resampling.BICUBIC)),
            rescale_factor=float(config.get("rescale_factor", 1 / 255)),
            mean=_per_channel(config, "image_mean"),
            std=_per_channel(config, "image_std"),
        )

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Return the preprocessing that `dataclasses.asdict` and JSON made `fields` of."""
        return cls(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})

    def __call__(self, data: bytes, max_pixels: int) -> DecodedImage:
        """Decode the image file `data` and return it resized, cropped and normalised.

        Raises UnsupportedMediaType if it is in no format that is read here, TooManyPixels (before decoding) if it has
        more than `max_pixels`, UndecodableImage if it is broken.
        """
        try:
            image = _open(data, max_pixels)
            width, height = image.size
            pixels = self._normalise(self._resize_and_crop(image))
        except TaggerError:
            raise
        except Exception as error:  # what Pillow's decoders raise on hostile bytes has no common base
            raise UndecodableImage("The image is broken or cut short: it could not be decoded.") from error
        return DecodedImage(pixels, image.format or "", width, height)

    def _resize_and_crop(self, image: Image.Image) -> Image.Image:
        """Return the centre crop of the resized image, upright, RGB."""
        full_size = image.size
        margin = self.shortest_edge * _DRAFT_MARGIN
        drafted = image.draft("", (margin, margin))
        # The part of the decoded pixels that the picture fills: a reduced JPEG is rounded up to whole pixels.
        span = drafted[1][2:] if drafted else full_size
        image.load()
        orientation = orientation_of(image)
        upright = turned_upright(image, orientation)
        if upright.size != image.size:
            full_size, span = full_size[::-1], span[::-1]
        start_x, start_y = start_of(orientation, upright.size, span)
        return self._crop(_to_rgb(upright), full_size, (start_x, start_y, start_x + span[0], start_y + span[1]))

    def _crop(
        self, image: Image.Image, size: tuple[int, int], filled: tuple[float, float, float, float]
    ) -> Image.Image:
        """Return the centre crop of `image` resized; its picture is `size` large and fills that box of decoded pixels.

        The rounding is that of Transformers' `get_resize_output_image_size` and `center_crop`.
        """
        short, crop, resample = min(size), self.crop_size, Image.Resampling(self.resample)
        width, height = (self.shortest_edge * length // short for length in size)
        left, top = (width - crop) // 2, (height - crop) // 2
        if max(size) <= _MAX_RESIZED_ASPECT * short:
            return resize_and_crop(image, (width, height), resample, filled, (left, top, left + crop, top + crop))
        x0, y0, x1, y1 = filled
        x, y = (x1 - x0) / width, (y1 - y0) / height  # decoded pixels per resized pixel
        box = (x0 + left * x, y0 + top * y, min(x0 + (left + crop) * x, x1), min(y0 + (top + crop) * y, y1))
        return image.resize((crop, crop), resample, box)

    @cached_property
    def _scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Return `rescale_factor / std` and `-mean / std`, each of shape (3, 1, 1)."""
        std = torch.tensor(self.std).view(3, 1, 1)
        return self.rescale_factor / std, -torch.tensor(self.mean).view(3, 1, 1) / std

    def _normalise(self, image: Image.Image) -> Tensor:
        """Return the RGB image as a normalised tensor of shape (3, height, width)."""
        scale, shift = self._scale_and_shift
        planes = bytearray(b"".join(channel.tobytes() for channel in image.split()))
        values = torch.frombuffer(planes, dtype=torch.uint8).view(3, image.height, image.width)
        return values.to(torch.float32).mul_(scale).add_(shift)


def _open(data: bytes, max_pixels: int) -> Image.Image:
    """Return the image, its header read and its pixels not yet decoded."""
    formats: tuple[str, ...] = _PILLOW_FORMATS
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand == b"avis" or (brand in _CONTAINER_BRANDS and b"avif" in data[:_MAX_BRANDS]):
        # Maybe an animation: of it, what it shows where it stands still. By other brands libavif takes its frames.
        data, brand = data[:8] + b"avif" + data[12:], b"avif"
    if brand in _HEIF_BRANDS:
        _register_heif()
        formats = ("HEIF",)  # not AVIF, which opens container brands too
    check_pieces(data)
    try:
        image = Image.open(BoundedFile(data), formats=formats)
    except UnidentifiedImageError as error:
        raise UnsupportedMediaType(f"This is not an image that can be read here. Readable: {_READABLE}.") from error
    except Image.DecompressionBombError as error:
        raise TooManyPixels(f"The image has too many pixels; at most {max_pixels:,} are accepted.") from error
    check_size(image, max_pixels)
    if brand:
        from function.clip.coded_size import check_coded_size  # noqa: PLC0415 - most processes never see one

        check_coded_size(data, max_pixels)
    return image


@cache
def _register_heif() -> None:
    """Teach Pillow HEIC, once; most processes never see one, so the library is imported here."""
    import pillow_heif  # noqa: PLC0415

    pillow_heif.register_heif_opener()


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return `image` as 8-bit RGB, transparency shown on white."""
    if image.mode.startswith("I"):  # 16 bits per channel: keep the high byte
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _edge(config: dict[str, Any], name: str, keys: tuple[str, ...]) -> int:
    """Return the one length, in pixels, that `config[name]` gives as a number or under every one of `keys`."""
    given = config.get(name)
    lengths = {given} if isinstance(given, int) else {given.get(key) for key in keys} if given else set()
    length = lengths.pop() if len(lengths) == 1 else None
    if not isinstance(length, int):
        raise CheckpointError(f"preprocessor_config.json: {name} = {given} is not supported")
    return length


def _per_channel(config: dict[str, Any], name: str) -> tuple[float, float, float]:
    """Return the three numbers, red, green, blue, that `config[name]` gives."""
    values = config.get(name)
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise CheckpointError(f"preprocessor_config.json: {name} = {values} is not three numbers")
    return (float(values[0]), float(values[1]), float(values[2]))
