"""The services and models that are compared. Each one runs in a separate process and imports only what it needs.

- *usual service*: FastAPI, `CLIPProcessor` and `CLIPModel`, both towers on every request, as most public services do
- *pipeline*: Transformers' `zero-shot-image-classification` behind the same web framework
- *vision tower*: Transformers' `CLIPVisionModelWithProjection` alone
- *ONNX Runtime*, *OpenVINO*: the vision tower on other runtimes; the first of them also as a service without torch
- *ours*: the handler that is deployed
- *text tower*, *ours, text tower*: the text towers of Transformers and of this project alone
- the names in shapes.py: the handler with a checkpoint of another shape
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.fixtures import CANDIDATE_LABELS, Files
from benchmarks.shapes import SHAPES, baked_folder

Call = Callable[[], Any]
_CONTEXT = SimpleNamespace(
    aws_request_id="bench",
    function_name="bench",
    memory_limit_in_mb=3008,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:bench",
    get_remaining_time_in_millis=lambda: 28_000,
)


@dataclass(frozen=True)
class Subject:
    """A loaded subject.

    `encoder(n)` prepares the encoding of n images, `texts` encodes the prompts of the labels in `CANDIDATE_LABELS`,
    `answer` turns an event into a response.
    """

    encoder: Callable[[int], Call] | None = None
    answer: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    texts: Call | None = None


def _pixels(n: int, side: int = 224) -> Any:
    """Return n images with values in the range of normalised pixels, the same for every subject."""
    import torch  # noqa: PLC0415

    return torch.arange(n * 3 * side * side, dtype=torch.float32).sin().view(n, 3, side, side)


def _ours(dtype: str, baked: Callable[[Files], Path]) -> Callable[[Files], Subject]:
    def load(files: Files) -> Subject:
        os.environ |= {"MODEL_DIR": str(baked(files)), "MODEL_DTYPE": dtype}
        from function.handler import handler, tagger  # noqa: PLC0415

        def encoder(n: int) -> Call:
            pixels = _pixels(n, tagger.manifest.vision.image_size)
            return lambda: tagger._inference.submit(
                tagger._encode_image, pixels
            ).result()  # on the thread that encodes requests

        return Subject(encoder, lambda event: handler(event, _CONTEXT))

    return load


def _usual(files: Files) -> Subject:
    os.environ["MODEL"] = str(files.checkpoint)
    from benchmarks.usual_image import app  # noqa: PLC0415

    def encoder(n: int) -> Call:
        import torch  # noqa: PLC0415

        inputs = {**app.processor(text=app.TEXTS, return_tensors="pt", padding=True), "pixel_values": _pixels(n)}

        def call() -> Any:
            with torch.no_grad():
                return app.model(**inputs).logits_per_image

        return call

    return Subject(encoder, lambda event: app.handler(event, _CONTEXT))


def _pipeline(files: Files) -> Subject:
    os.environ["MODEL"] = str(files.checkpoint)
    from benchmarks.usual_image import pipeline  # noqa: PLC0415

    return Subject(answer=lambda event: pipeline.handler(event, _CONTEXT))


def _token_ids(files: Files) -> list[list[int]]:
    """Return the token ids of the prompts, as this project's tokenizer gives them."""
    from function.clip.tokenizer import Tokenizer  # noqa: PLC0415
    from function.model.baked_folder import TOKENIZER, Manifest  # noqa: PLC0415

    tokenizer = Tokenizer(files.baked / TOKENIZER, Manifest.read(files.baked).text)
    return tokenizer([f"a photo of {label}." for label in CANDIDATE_LABELS])


def _our_text_tower(files: Files) -> Subject:
    from function.clip.torch_import import import_lean  # noqa: PLC0415

    import_lean()
    from function.clip.inference_thread import available_cpus  # noqa: PLC0415
    from function.clip.text_encoder import TextTower  # noqa: PLC0415
    from function.model.baked_folder import BakedModel  # noqa: PLC0415

    model, tokens = BakedModel.open(files.baked), _token_ids(files)
    tower = TextTower(model.text_weights(), model.manifest.text, threads=available_cpus())
    return Subject(texts=lambda: tower(tokens))


def _text_tower(files: Files) -> Subject:
    import torch  # noqa: PLC0415
    from torch.nn.utils.rnn import pad_sequence  # noqa: PLC0415
    from transformers import CLIPTextModelWithProjection  # noqa: PLC0415

    model = CLIPTextModelWithProjection.from_pretrained(files.checkpoint).eval()
    tokens = [torch.tensor(ids) for ids in _token_ids(files)]
    ids = pad_sequence(tokens, batch_first=True, padding_value=int(tokens[0][-1]))
    mask = pad_sequence([torch.ones_like(each) for each in tokens], batch_first=True)

    def call() -> Any:
        with torch.inference_mode():
            return model(input_ids=ids, attention_mask=mask).text_embeds

    return Subject(texts=call)


def _vision_tower(files: Files) -> Subject:
    import torch  # noqa: PLC0415
    from transformers import CLIPVisionModelWithProjection  # noqa: PLC0415

    model = CLIPVisionModelWithProjection.from_pretrained(files.checkpoint).eval()

    def encoder(n: int) -> Call:
        pixels = _pixels(n)

        def call() -> Any:
            with torch.inference_mode():
                return model(pixel_values=pixels).image_embeds

        return call

    return Subject(encoder)


def _onnxruntime(files: Files) -> Subject:
    os.environ |= {"MODEL": str(files.onnx), "TEXT_MODEL": str(files.text_onnx), "BAKED": str(files.baked)}
    from benchmarks import onnxruntime_service as service  # noqa: PLC0415

    def encoder(n: int) -> Call:
        pixels = _pixels(n).numpy()
        return lambda: service.encode(pixels)

    return Subject(encoder, lambda event: service.handler(event, _CONTEXT))


def _openvino(precision: str) -> Callable[[Files], Subject]:
    def load(files: Files) -> Subject:
        import openvino  # noqa: PLC0415

        core = openvino.Core()
        if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            return Subject()
        hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        request = core.compile_model(core.read_model(files.onnx), "CPU", hints).create_infer_request()

        def encoder(n: int) -> Call:
            pixels = _pixels(n).numpy()
            return lambda: request.infer({0: pixels})[0]

        return Subject(encoder)

    return load


SUBJECTS: dict[str, Callable[[Files], Subject]] = {
    "usual service": _usual,
    "pipeline": _pipeline,
    "vision tower": _vision_tower,
    "ONNX Runtime": _onnxruntime,
    "OpenVINO": _openvino("f32"),
    "OpenVINO bfloat16": _openvino("bf16"),
    "ours": _ours("float32", lambda files: files.baked),
    "ours bfloat16": _ours("bfloat16", lambda files: files.baked),
    "ours, 32-bit weights": _ours("float32", lambda files: files.baked_wide),
    "text tower": _text_tower,
    "ours, text tower": _our_text_tower,
    **{name: _ours("float32", partial(baked_folder, shape=shape)) for name, shape in SHAPES.items()},
}
