"""Inputs of all subjects: a full-size checkpoint, the files converted from it, and the same pictures as events."""

import base64
import compileall
import io
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build/bench"

# The shape of openai/clip-vit-base-patch32.
_VOCABULARY = 49408
_VISION = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 32,
}
_TEXT = {
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "vocab_size": _VOCABULARY,
}
# All that Lambda promises on x86.
AVX2_ALONE = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
# Megapixels of a photo, width, height, format and its options: a thumbnail, a phone's photo, a screenshot.
PICTURES = {
    "0.2mp_jpeg": (520, 390, "JPEG", {"quality": 90}),
    "12mp_jpeg": (4032, 3024, "JPEG", {"quality": 93}),
    "2mp_png": (1640, 1230, "PNG", {}),
}
# The event of a picture with its own labels.
OWN_LABELS = "own_labels"
OWN_LABELS_PICTURE, CANDIDATE_LABELS = "0.2mp_jpeg", ("a tabby cat", "a dog on a lawn", "an empty room")
_GRAIN = 4.0  # of 255; the noise of a phone's sensor, which makes a file as large as a photo's


@dataclass(frozen=True)
class Shape:
    """A shape of checkpoint, as differences from the default checkpoint's.

    `half`: its matrices hold half-precision values in float32, as those of OpenAI's checkpoints do.
    """

    half: bool = False
    vision: dict[str, int] = field(default_factory=dict)
    text: dict[str, int] = field(default_factory=dict)
    projection_dim: int = 512


@dataclass(frozen=True)
class Files:
    """Paths of all files. `wide` is the same model with weights that do not fit half precision."""

    folder: Path = FOLDER

    @property
    def checkpoint(self) -> Path:
        """The checkpoint in Hugging Face's layout."""
        return self.folder / "checkpoint"

    @property
    def baked(self) -> Path:
        """The checkpoint, baked."""
        return self.folder / "baked"

    @property
    def baked_wide(self) -> Path:
        """A checkpoint of which no weight fits half precision, baked."""
        return self.folder / "baked-wide"

    @property
    def onnx(self) -> Path:
        """The vision tower, pixels to unit vectors, for other runtimes."""
        return self.folder / "vision.onnx"

    @property
    def text_onnx(self) -> Path:
        """The text tower, token ids and attention mask to unit vectors, for ONNX Runtime."""
        return self.folder / "text.onnx"

    def event(self, picture: str) -> Path:
        """An API Gateway event that uploads the picture with a form, as most clients do."""
        return self.folder / f"{picture}.json"


def uploaded(event: dict[str, Any]) -> bytes:
    """Return the image file in the form of an event."""
    body = base64.b64decode(event["body"])
    start = body.index(b"\r\n\r\n") + 4
    return body[start : body.rindex(b"\r\n--")]


def memory_mb() -> dict[str, float]:
    """Return current and peak resident memory of this process."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(fields[key].split()[0]) / 1e3 for name, key in (("rss_mb", "VmRSS"), ("peak_mb", "VmHWM"))}


def prepare(files: Files, full: bool) -> None:
    """Create missing files; with `full`, also those that only a full run needs. The first time takes some minutes."""
    files.folder.mkdir(parents=True, exist_ok=True)
    # Like the image build, because a cold start reads bytecode, even if PYTHONDONTWRITEBYTECODE is set.
    for code in ("function", "benchmarks"):
        compileall.compile_dir(ROOT / code, quiet=1)
    if not is_baked(files.baked):
        bake_random(files.checkpoint, files.baked, Shape(half=True))
    if full and not is_baked(files.baked_wide):
        checkpoint = files.folder / "checkpoint-wide"
        bake_random(checkpoint, files.baked_wide, Shape())
        shutil.rmtree(checkpoint)
    if full and not files.onnx.exists():
        _export(files)
    if full and not files.text_onnx.exists():
        _export_text(files)
    for name in PICTURES:
        if not files.event(name).exists():
            files.event(name).write_text(json.dumps(_event(_picture(name))))
    if not files.event(OWN_LABELS).exists():
        labels = ",".join(CANDIDATE_LABELS).encode()
        event = _event(_picture(OWN_LABELS_PICTURE), ("candidate_labels", None, labels))
        files.event(OWN_LABELS).write_text(json.dumps(event))


def is_baked(folder: Path) -> bool:
    """Return whether the folder contains a model of this version of the code, with the full vocabulary."""
    from function.errors import CheckpointError  # noqa: PLC0415
    from function.model.baked_folder import BakedModel  # noqa: PLC0415

    try:
        return BakedModel.open(folder).manifest.text.eos_token_id == _VOCABULARY - 1
    except CheckpointError:
        return False


def bake_random(checkpoint: Path, out: Path, shape: Shape) -> None:
    """Make a full-size checkpoint from a fixed seed, and bake it."""
    from benchmarks.vocabulary import full_tokenizer  # noqa: PLC0415
    from function.bake import bake  # noqa: PLC0415 - seconds of imports, once
    from function.tagging.labels import LABELS_TOML  # noqa: PLC0415
    from tools.small_checkpoint import make_checkpoint  # noqa: PLC0415

    make_checkpoint(
        checkpoint,
        {**_VISION, **shape.vision},
        {**_TEXT, **shape.text},
        half=shape.half,
        tokenizer=full_tokenizer(_VOCABULARY),
        projection_dim=shape.projection_dim,
    )
    bake(str(checkpoint), None, LABELS_TOML, out)


def _export(files: Files) -> None:
    """Write the vision tower with its normalisation as ONNX, any number of images."""
    import torch  # noqa: PLC0415
    from transformers import CLIPVisionModelWithProjection  # noqa: PLC0415

    model = CLIPVisionModelWithProjection.from_pretrained(files.checkpoint).eval()

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.normalize(self.model(pixel_values=pixels).image_embeds, dim=-1)

    _write_onnx(Tower(), {"pixels": torch.zeros(1, 3, 224, 224)}, {"pixels": {0: "n"}}, files.onnx)


def _export_text(files: Files) -> None:
    """Write the text tower with its normalisation as ONNX, any number of texts of any length."""
    import torch  # noqa: PLC0415
    from transformers import CLIPTextModelWithProjection  # noqa: PLC0415

    model = CLIPTextModelWithProjection.from_pretrained(files.checkpoint, attn_implementation="eager").eval()

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.normalize(self.model(input_ids=ids, attention_mask=mask).text_embeds, dim=-1)

    inputs = {"ids": torch.full((2, 9), _VOCABULARY - 1), "mask": torch.ones(2, 9, dtype=torch.long)}
    axes = {0: "n", 1: "tokens"}
    _write_onnx(Tower(), inputs, {"ids": axes, "mask": axes}, files.text_onnx)


def _write_onnx(tower: Any, inputs: dict[str, Any], axes: dict[str, dict[int, str]], path: Path) -> None:
    """Export a tower whose output is embeddings; `axes` names the axes of the inputs that may have any length."""
    import warnings  # noqa: PLC0415

    import torch  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower,
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=["embeddings"],
            dynamic_axes={**axes, "embeddings": {0: "n"}},
            dynamo=False,
        )


def _picture(name: str) -> bytes:
    """Return a photo's file: a cat, enlarged, with grain."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    width, height, image_format, options = PICTURES[name]
    with Image.open(ROOT / "tests/support/chelsea.webp") as photo:
        image = photo.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, _GRAIN, (height, width, 3))
    pixels = (np.asarray(image) + grain).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, image_format, **options)
    return file.getvalue()


def _event(data: bytes, *fields: tuple[str, str | None, bytes]) -> dict[str, object]:
    """Return the event of a REST API for a form with that file and other fields."""
    from tools.make_events import MULTIPART, Request, multipart, rest_event  # noqa: PLC0415

    body = multipart(("file", "picture", data), *fields)
    event: dict[str, object] = rest_event(Request("POST", "/tag", body, MULTIPART))
    return event
