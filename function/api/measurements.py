"""The measurements of one answer: its `Server-Timing` header and its fields in the log line."""

from collections.abc import Mapping

from function.images.preprocess import PreparedImage


def server_timing(milliseconds: Mapping[str, float]) -> str:
    """Return the phases of a request in the syntax of the W3C's Server Timing."""
    return ", ".join(f"{phase};dur={value:.1f}" for phase, value in milliseconds.items())


def log_fields(image: PreparedImage | None, milliseconds: Mapping[str, float]) -> dict[str, object]:
    """Return the log fields for an image (None if the request had none) and for the phases."""
    fields: dict[str, object] = {f"{phase}_ms": round(value, 2) for phase, value in milliseconds.items()}
    if image:
        fields |= {"format": image.format, "pixels": image.width * image.height}
    return fields
