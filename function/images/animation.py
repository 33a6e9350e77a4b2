"""The frame of an animation that stands for the whole: the first one that shows something."""

from PIL import GifImagePlugin, Image

# Formats whose frames follow each other in time. The images of a TIFF or HEIC may differ in everything.
_ANIMATED = {"GIF", "PNG", "WEBP"}
# Frames that are looked at. Animations that fade in start with a few blank frames.
_MAX_FRAMES = 20


def seek_to_first_picture(image: Image.Image, max_pixels: int) -> None:
    """Go to the first frame with more than one colour, if one of the first frames has, else to the first frame.

    At most as many pixels as one image of `max_pixels` may have are decoded to find it.
    """
    if image.format not in _ANIMATED or not getattr(image, "is_animated", False):
        return
    frames = min(_MAX_FRAMES, max(1, max_pixels // (image.width * image.height)))
    for frame in range(frames):
        try:
            image.seek(frame)
            if not _is_blank(image):
                return
        except EOFError:
            break
    image.seek(0)


def without_undefined_border(image: Image.Image, frame_box: tuple[int, int, int, int] | None) -> Image.Image:
    """Return a loaded first frame on white if it covers only `frame_box` of a GIF's canvas."""
    if frame_box is None or frame_box == (0, 0, *image.size):
        return image
    frame = image.convert("RGBA").crop(frame_box)
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(frame, frame_box[:2], mask=frame.getchannel("A"))
    return canvas


def first_frame_box(image: Image.Image) -> tuple[int, int, int, int] | None:
    """Return the part of the canvas that the first frame of an opened GIF covers, None for other images."""
    return image.tile[0].extents if isinstance(image, GifImagePlugin.GifImageFile) and image.tile else None


def _is_blank(image: Image.Image) -> bool:
    """Return whether the current frame has one colour, or is transparent everywhere."""
    rgba = image.convert("RGBA")
    if rgba.getchannel("A").getextrema()[1] == 0:
        return True
    return all(len(set(channel.getextrema())) == 1 for channel in rgba.split())
