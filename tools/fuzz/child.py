"""The process in which inputs are tried: reads them from stdin, each after its length; answers a line of JSON each.

python -m tools.fuzz.child picture|event
"""

import io
import json
import os
import resource
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from tools.fuzz.sandbox import MAX_CPU_OF_LARGEST_PNG, MAX_CPU_SECONDS

# The machine that fuzzes outlives even a decoder that asks for everything.
_MAX_ADDRESS_SPACE = 12 * 1024**3
_MAX_PIXELS = 51_000_000
_MAX_RESPONSE_BYTES = 6 * 1024**2
_STATUS, _CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main() -> None:
    """Answer inputs until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_ADDRESS_SPACE, _MAX_ADDRESS_SPACE))
    # Answers go out by a way that nothing that is tried here can write to.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    attempt = {"picture": _picture, "event": _event}[sys.argv[1]]()
    loaded_mb = _memory_mb("VmRSS")
    while header := sys.stdin.buffer.read(4):
        data = sys.stdin.buffer.read(struct.unpack(">I", header)[0])
        answers.write(json.dumps(_measured(attempt, data, loaded_mb)) + "\n")
        answers.flush()


def _measured(attempt: Callable[[bytes], str], data: bytes, loaded_mb: float) -> dict[str, str | float]:
    """Return the answer to one input, its CPU seconds, and its peak of memory over what was `loaded_mb` at the start.

    So memory that earlier inputs did not give back counts, too.
    """
    _CLEAR_REFS.write_text("5")  # proc(5): resets the peak of resident memory
    started = time.process_time()
    answer = attempt(data)
    cpu_seconds = time.process_time() - started
    growth_mb = _memory_mb("VmHWM") - loaded_mb
    allowed = MAX_CPU_SECONDS
    if cpu_seconds > allowed:
        # Is it the input, or the machine? The input is tried once more, beside a picture known to be sound.
        cpu_seconds = min(cpu_seconds, _cpu_seconds(lambda: attempt(data)))
        png = _largest_png()
        allowed = max(allowed, MAX_CPU_OF_LARGEST_PNG * _cpu_seconds(lambda: Image.open(png).resize((224, 224))))
    return {
        "answer": answer,
        "cpu_seconds": round(cpu_seconds, 3),
        "allowed_cpu_seconds": round(allowed, 3),
        "growth_mb": round(growth_mb, 1),
    }


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _largest_png() -> io.BytesIO:
    """Return a plain picture of as many pixels as are accepted."""
    file = io.BytesIO()
    Image.new("RGB", (8000, _MAX_PIXELS // 8000)).save(file, "PNG")
    return file


def _memory_mb(field: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def _picture() -> Callable[[bytes], str]:
    """Return what decodes a picture as the service does, with CLIP's own preprocessing."""
    from function.errors import TaggerError  # noqa: PLC0415 - each target imports what it needs
    from function.images.preprocess import preprocess  # noqa: PLC0415
    from function.model.config import PreprocessConfig  # noqa: PLC0415

    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    config = PreprocessConfig(224, 224, 3, 1 / 255, mean, std)

    def attempt(data: bytes) -> str:
        try:
            return f"ok {preprocess(data, config, _MAX_PIXELS).format}"
        except TaggerError as error:
            return error.code
        except Exception as error:
            return f"unforeseen {error!r}"

    return attempt


def _event() -> Callable[[bytes], str]:
    """Return what answers an event, JSON, with the real handler."""
    from function.handler import handler, tagger  # noqa: PLC0415

    tagger.embed_texts(["the text tower is loaded at first use, which takes seconds"])

    def attempt(data: bytes) -> str:
        try:
            answer = handler(json.loads(data), SimpleNamespace(aws_request_id="fuzz"))
        except Exception as error:
            return f"unforeseen {error!r}"
        if len(json.dumps(answer)) > _MAX_RESPONSE_BYTES:
            return "500: the answer is larger than Lambda passes on"
        is_problem = "problem" in answer["headers"].get("content-type", "")
        return f"{answer['statusCode']} {json.loads(answer['body'])['code'] if is_problem else ''}".strip()

    return attempt


if __name__ == "__main__":
    main()
