"""The frame of an animation that stands for the whole: the first one that shows something."""

from contextlib import suppress

from PIL import GifImagePlugin, Image

# Formats whose frames follow each other in time. The images of a TIFF or HEIC may differ in everything.
_ANIMATED = {"GIF", "PNG", "WEBP"}
# Frames that are looked at. Animations that fade in start with a few blank frames.
_MAX_FRAMES = 20


def seek_to_first_picture(image: Image.Image, max_pixels: int) -> None:
    """Go to the first frame that has more than one colour. If none of the first frames has, go to the first frame.

    All frames that are decoded for this have at most `max_pixels` pixels together.
    """
    if image.format not in _ANIMATED or not getattr(image, "is_animated", False):
        return
    frames = min(_MAX_FRAMES, max(1, max_pixels // (image.width * image.height)))
    with suppress(EOFError):
        for frame in range(frames):
            image.seek(frame)
            if not _is_blank(image):
                return
    image.seek(0)


def without_undefined_border(image: Image.Image) -> Image.Image:
    """Return a loaded image, with a transparent border if the first frame of a GIF covers only a part of its canvas."""
    # Pillow's name for the part of the canvas that a frame covers.
    box = image.dispose_extent if isinstance(image, GifImagePlugin.GifImageFile) and image.tell() == 0 else None
    if box is None or box == (0, 0, *image.size):
        return image
    canvas = Image.new("RGBA", image.size)
    canvas.paste(image.convert("RGBA").crop(box), box[:2])
    return canvas


def _is_blank(image: Image.Image) -> bool:
    """Return whether the current frame has one colour, or is transparent everywhere."""
    *colors, alpha = (channel.getextrema() for channel in image.convert("RGBA").split())
    return alpha[1] == 0 or all(low == high for low, high in (*colors, alpha))
