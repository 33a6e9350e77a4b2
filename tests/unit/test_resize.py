"""Two halves, resized on two threads, are what Pillow makes of the whole."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from function.clip import resize as module
from function.clip.resize import resize_and_crop


@pytest.fixture(autouse=True)
def two_cpus() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "available_cpus", lambda: 2)
        patch.setattr(module, "_MIN_PIXELS", 0)
        module._other_thread.cache_clear()
        yield
    module._other_thread.cache_clear()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of the threads that resized, to be filled."""
    names = set()
    original = Image.Image.resize

    def spy(image: Image.Image, *arguments: Any) -> Image.Image:
        names.add(threading.current_thread().name.partition("_")[0])
        return original(image, *arguments)

    monkeypatch.setattr(Image.Image, "resize", spy)
    return names


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@given(
    short=st.integers(1, 700),
    aspect=st.floats(1, 2),
    portrait=st.booleans(),
    edge=st.sampled_from([224, 336, 33]),
    # A JPEG at a reduced scale fills some eighths of its last pixels; mirrored, of its first.
    empty=st.tuples(*[st.integers(0, 7)] * 4),
    resample=st.sampled_from([Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS]),
)
@settings(max_examples=150, deadline=None)
def test_gives_the_values_of_pillow(
    short: int,
    aspect: float,
    portrait: bool,
    edge: int,
    empty: tuple[int, int, int, int],
    resample: Image.Resampling,
) -> None:
    width, height = (short, int(short * aspect))[:: 1 if portrait else -1]
    image = noise(width, height)
    box = (empty[0] / 16, empty[1] / 16, width - empty[2] / 16, height - empty[3] / 16)
    size = (edge * width // short, edge * height // short)
    crop = ((size[0] - edge) // 2, (size[1] - edge) // 2, (size[0] + edge) // 2, (size[1] + edge) // 2)
    expected = image.resize(size, resample, box).crop(crop)
    assert resize_and_crop(image, size, resample, box, crop).tobytes() == expected.tobytes()


@pytest.mark.parametrize("size", [(520, 390), (390, 520), (300, 300), (451, 300), (300, 451)])
def test_a_photo_is_resized_on_two_threads(
    threads: set[str], monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    meeting, original = threading.Barrier(2, timeout=10), Image.Image.resize

    def resize_together(image: Image.Image, *arguments: Any) -> Image.Image:
        meeting.wait()
        return original(image, *arguments)

    monkeypatch.setattr(Image.Image, "resize", resize_together)
    whole = (224 * size[0] // min(size), 224 * size[1] // min(size))
    resize_and_crop(noise(*size), whole, Image.Resampling.BICUBIC, (0, 0, *size), (0, 0, 224, 224))
    assert threads == {"MainThread", "half"}


@pytest.mark.parametrize(("cpus", "min_pixels"), [(1, 0), (2, 520 * 390 + 1)])
def test_one_thread_does_all_if_there_is_no_other_cpu_or_little_to_do(
    threads: set[str], monkeypatch: pytest.MonkeyPatch, cpus: int, min_pixels: int
) -> None:
    monkeypatch.setattr(module, "available_cpus", lambda: cpus)
    monkeypatch.setattr(module, "_MIN_PIXELS", min_pixels)
    resize_and_crop(noise(520, 390), (298, 224), Image.Resampling.BICUBIC, (0, 0, 520, 390), (37, 0, 261, 224))
    assert threads == {"MainThread"}
