"""The baked model folder: what is in it, how it is written, and how it is opened.

    manifest.json        version of this format, origin of the model, shapes, size and digest of each file
    vision.safetensors   vision tower and projection, named as in Transformers' CLIPVisionModelWithProjection
    preprocess.json      how pixels are prepared
    labels.safetensors   prompt embeddings (written and read by `tagging.bank`)
    labels.json          the labels and prompts of these embeddings
    text.safetensors     text tower and projection, named as in Transformers' CLIPTextModelWithProjection
    tokenizer.json       tokenizer of the text tower, read by the `tokenizers` library

A start checks what is cheap: version, presence, sizes and shapes. `verify` reads every byte and ends an image build. An
image cannot change after that, so a cold start does not need to hash 350 MB again.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from function.errors import CheckpointError
from function.model.config import PreprocessConfig, TextConfig, VisionConfig
from function.model.digests import FileEntry, describe_files
from function.model.tensor_file import TensorFile
from function.model.weight_shapes import text_shapes, vision_shapes

FORMAT_VERSION = 5
MANIFEST, VISION, PREPROCESS = "manifest.json", "vision.safetensors", "preprocess.json"
TEXT, TOKENIZER = "text.safetensors", "tokenizer.json"
_DEMO_MODEL = "models/demo"


@dataclass(frozen=True)
class Manifest:
    """Where a baked folder came from and what it must hold.

    `logit_scale` is exponentiated: it multiplies cosines. `source` maps each file of the checkpoint to its SHA-256,
    `files` each file of the folder to its size and SHA-256. `temperatures` maps groups of labels to their calibration
    temperature if it is not 1. The JSON file has one more field, `sha256`, the digest of all other fields.
    """

    model_id: str
    revision: str
    logit_scale: float
    vision: VisionConfig
    text: TextConfig
    labels_digest: str
    source: dict[str, str]
    versions: dict[str, str]
    files: dict[str, FileEntry]
    temperatures: dict[str, float] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @property
    def is_demo(self) -> bool:
        """Whether this is the demo model of the repository, which knows drawings only."""
        return self.model_id == _DEMO_MODEL

    @property
    def model_name(self) -> str:
        """The public name of the model: its id, and the start of its revision if it has one."""
        return f"{self.model_id}@{self.revision[:7]}" if self.revision else self.model_id

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the manifest of `folder`. Raises CheckpointError if there is none, or one of another version."""
        path = folder / MANIFEST
        fields = _read_json(path)
        fields.pop("sha256", None)  # `verify` checks it
        if fields.get("format_version") != FORMAT_VERSION:
            raise CheckpointError(
                f"{path}: format version {fields.get('format_version')}, not {FORMAT_VERSION}: bake it again"
            )
        try:
            if any(entry.keys() != FileEntry.__required_keys__ for entry in fields["files"].values()):
                raise KeyError(*FileEntry.__required_keys__)
            if not all(math.isfinite(value) and value > 0 for value in fields["temperatures"].values()):
                raise ValueError("temperatures must be positive")
            towers = {"vision": VisionConfig(**fields["vision"]), "text": TextConfig(**fields["text"])}
            return cls(**{**fields, **towers})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path}: {error!r}: bake it again") from error

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`."""
        (folder / MANIFEST).write_text(self.as_text(), encoding="utf-8")

    def as_text(self) -> str:
        """Return the text of the JSON file."""
        fields = asdict(self)
        return json_text({**fields, "sha256": hashlib.sha256(json_text(fields).encode()).hexdigest()})


@dataclass(frozen=True)
class BakedModel:
    """An opened folder. Its weights are not read yet."""

    folder: Path
    manifest: Manifest
    preprocess: PreprocessConfig

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the baked `folder`.

        Raises CheckpointError, which names the file and the reason, if a file is missing, has not the size that the
        manifest says, or cannot be read.
        """
        manifest = Manifest.read(folder)
        for name, entry in manifest.files.items():
            path = folder / name
            if not path.is_file():
                raise CheckpointError(f"{path}: missing")
            if path.stat().st_size != entry["bytes"]:
                raise CheckpointError(f"{path}: {path.stat().st_size} bytes, expected {entry['bytes']}")
        fields = _read_json(folder / PREPROCESS)
        try:
            return cls(folder, manifest, PreprocessConfig.from_json(fields))
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{folder / PREPROCESS}: {error}: bake it again") from error

    def vision_weights(self) -> TensorFile:
        """Return the vision tower's weights. Raises CheckpointError if a tensor is missing or has the wrong shape."""
        return TensorFile(self.folder / VISION, vision_shapes(self.manifest.vision))

    def text_weights(self) -> TensorFile:
        """Return the text tower's weights. Raises CheckpointError if a tensor is missing or has the wrong shape."""
        return TensorFile(self.folder / TEXT, text_shapes(self.manifest.text))


def verify(folder: Path) -> Manifest:
    """Read every byte of a baked folder and return its manifest.

    Raises CheckpointError if a file is missing, added, or does not have the digest that the manifest says.
    """
    model = BakedModel.open(folder)
    if (folder / MANIFEST).read_bytes() != model.manifest.as_text().encode():
        raise CheckpointError(f"{folder / MANIFEST}: changed since it was baked")
    present = describe_files(folder, without=MANIFEST)
    for name in present.keys() - model.manifest.files.keys():
        raise CheckpointError(f"{folder / name}: not in {MANIFEST}")
    for name, entry in model.manifest.files.items():
        if present[name]["sha256"] != entry["sha256"]:
            raise CheckpointError(f"{folder / name}: SHA-256 is {present[name]['sha256']}, expected {entry['sha256']}")
    model.vision_weights()
    model.text_weights()
    return model.manifest


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON; keys keep their order."""
    path.write_text(json_text(value), encoding="utf-8")


def json_text(value: Any) -> str:
    """Return `value` as indented JSON; keys keep their order."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in `path`. Raises CheckpointError if there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = "missing: is this a baked model folder?" if isinstance(error, FileNotFoundError) else str(error)
        raise CheckpointError(f"{path}: {reason}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: not a JSON object")
    return value
