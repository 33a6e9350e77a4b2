"""Pillow's resize on two CPUs, half of the picture each, with the values that one makes of the whole."""

from functools import cache

from PIL import Image

from function.clip.threads import OtherThread, available_cpus

Size = tuple[int, int]
Box = tuple[float, float, float, float]

# Fewer pixels than this are not shared: there is little to gain, and a picture of the right size is but copied.
_MIN_PIXELS = 100_000


def resize_and_crop(
    image: Image.Image, size: Size, resample: Image.Resampling, box: Box, crop: tuple[int, int, int, int]
) -> Image.Image:
    """Return what `image.resize(size, resample, box).crop(crop)` returns.

    Lengths in pixels; a box is left, top, right, bottom, `crop` within `size`.
    """
    left, top, right, bottom = box
    if size[0] % 2 == 0:
        half, start = (size[0] // 2, size[1]), (size[0] // 2, 0)
        boxes = (left, top, (left + right) / 2, bottom), ((left + right) / 2, top, right, bottom)
    else:
        half, start = (size[0], size[1] // 2), (0, size[1] // 2)
        boxes = (left, top, right, (top + bottom) / 2), (left, (top + bottom) / 2, right, bottom)
    is_even = size[0] % 2 == 0 or size[1] % 2 == 0
    is_same_order = _is_vertical_first(image, half) == _is_vertical_first(image, size)
    other_thread = _other_thread() if image.width * image.height >= _MIN_PIXELS else None
    if other_thread is None or not is_even or not is_same_order:
        return image.resize(size, resample, box).crop(crop)
    first, second = other_thread.share(
        lambda: image.resize(half, resample, boxes[0]), lambda: image.resize(half, resample, boxes[1])
    )
    x, y = crop[:2]
    cropped = Image.new(image.mode, (crop[2] - x, crop[3] - y))
    cropped.paste(first, (-x, -y))
    cropped.paste(second, (start[0] - x, start[1] - y))
    return cropped


def _is_vertical_first(image: Image.Image, size: Size) -> bool:
    """Return whether Pillow resizes columns before lines, between which it rounds (libImaging/Resample.c)."""
    width, height = size
    return image.height - height > max(0, 2 * (image.width - width))


@cache
def _other_thread() -> OtherThread | None:
    """Return the thread that makes second halves, if there is a CPU for it; Pillow lets go of the interpreter."""
    return OtherThread() if available_cpus() > 1 else None
