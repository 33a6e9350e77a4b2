"""The baked model folder: what is in it, how it is written, and how it is opened without trusting it blindly.

    manifest.json        this format's version, where the model came from, shapes, and size and digest of each file
    vision.safetensors   vision tower and projection, named as in Transformers' CLIPVisionModelWithProjection
    preprocess.json      how pixels are prepared
    labels.safetensors   prompt embeddings (written and read by `tagging.labels`)
    labels.json          what they are the embeddings of
    text/                text tower and tokenizer as Transformers saves them, read only on demand

Opening checks what is cheap (presence, sizes, both ends of each file, shapes, version); `verify` reads every byte and
belongs at the end of a build: an image is content-addressed, so a cold start has no need to hash 350 MB again.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError, safe_open
from torch import Tensor

from function.errors import CheckpointError
from function.model.config import PreprocessConfig, VisionConfig
from function.model.digests import check_cheaply, describe_files

FORMAT_VERSION = 2
# A transformer layer has so many: opening a file for each would cost, and so do pages that stay.
_TENSORS_A_MAPPING = 16
_ENTRY = {"bytes", "sha256", "ends_sha256"}
MANIFEST, VISION, PREPROCESS, TEXT = "manifest.json", "vision.safetensors", "preprocess.json", "text"


@dataclass(frozen=True)
class Manifest:
    """Where a baked folder came from and what it must hold.

    `logit_scale` is exponentiated: it multiplies cosines. `source` maps each file of the checkpoint to its SHA-256,
    `files` each file of the folder to `{"bytes", "sha256", "ends_sha256"}`. In the file itself a last field, `sha256`,
    is the digest of all the others: what vouches for every byte of the folder is vouched for, too.
    """

    model_id: str
    revision: str
    logit_scale: float
    vision: VisionConfig
    labels_digest: str
    source: dict[str, str]
    versions: dict[str, str]
    files: dict[str, dict[str, Any]]
    format_version: int = FORMAT_VERSION

    @property
    def model_name(self) -> str:
        """The model as a client may be told: its id, and the start of its revision where it has one."""
        return f"{self.model_id}@{self.revision[:7]}" if self.revision else self.model_id

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the manifest of `folder`.

        Raises CheckpointError if there is none, or not one that this version of the code reads.
        """
        path = folder / MANIFEST
        fields = _read_json(path)
        fields.pop("sha256", None)  # compared by `verify`
        if fields.get("format_version") != FORMAT_VERSION:
            raise CheckpointError(
                f"{path}: format version {fields.get('format_version')}, not {FORMAT_VERSION}: bake it again"
            )
        try:
            if any(entry.keys() != _ENTRY for entry in fields["files"].values()):
                raise KeyError(*_ENTRY)
            return cls(**{**fields, "vision": VisionConfig(**fields["vision"])})
        except (AttributeError, KeyError, TypeError) as error:
            raise CheckpointError(f"{path}: {error!r}: bake it again") from error

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`."""
        (folder / MANIFEST).write_text(self.as_text(), encoding="utf-8")

    def as_text(self) -> str:
        """Return the manifest as it is written: any other text is not it."""
        fields = asdict(self)
        return json_text({**fields, "sha256": hashlib.sha256(json_text(fields).encode()).hexdigest()})


@dataclass(frozen=True)
class BakedModel:
    """An opened folder: checked as far as is cheap, weights not yet read."""

    folder: Path
    manifest: Manifest
    preprocess: PreprocessConfig

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the baked `folder`.

        Raises CheckpointError, saying which file and why, if one is missing, has another size or other ends than the
        manifest says, or does not read.
        """
        manifest = Manifest.read(folder)
        for name, entry in manifest.files.items():
            check_cheaply(folder / name, entry)
        fields = _read_json(folder / PREPROCESS)
        try:
            preprocess = PreprocessConfig.from_json(fields)
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{folder / PREPROCESS}: {error}: bake it again") from error
        if preprocess.crop_size != manifest.vision.image_size:
            raise CheckpointError(
                f"{folder / PREPROCESS}: crops to {preprocess.crop_size} pixels, the model takes "
                f"{manifest.vision.image_size}"
            )
        return cls(folder, manifest, preprocess)

    def vision_weights(self) -> "TensorFile":
        """Return the vision tower's weights, to be read one by one.

        Raises CheckpointError if a tensor is missing or has another shape than the manifest's configuration gives it.
        """
        weights = TensorFile(self.folder / VISION)
        for name, shape in expected_shapes(self.manifest.vision).items():
            found = weights.shapes.get(name)
            if found != shape:
                raise CheckpointError(f"{self.folder / VISION}: {name} has shape {found}, expected {shape}")
        return weights


class TensorFile(Mapping[str, Tensor]):
    """A safetensors file, each tensor mapped when it is asked for.

    Whoever copies tensors one by one never has the whole file in memory beside the copies: pages that were touched stay
    only until the next mapping, which is every so many tensors. Several threads may ask at a time.
    """

    def __init__(self, path: Path) -> None:
        """Read the header of `path`; raises CheckpointError if it does not read."""
        self._path = path
        self._file, self._taken = self._mapped(), itertools.count()
        # safe_open's keys are a method, not a mapping's.
        self.shapes = {name: tuple(self._file.get_slice(name).get_shape()) for name in self._file.keys()}  # noqa: SIM118

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.shapes:
            raise KeyError(name)
        if next(self._taken) % _TENSORS_A_MAPPING == 0:
            self._file = self._mapped()
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def _mapped(self) -> Any:
        try:
            return safe_open(self._path, framework="pt")
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"{self._path}: {error}") from error


def expected_shapes(config: VisionConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of a vision tower with its projection."""
    hidden, mlp = config.hidden_size, config.intermediate_size
    positions = (config.image_size // config.patch_size) ** 2 + 1
    shapes: dict[str, tuple[int, ...]] = {
        "vision_model.embeddings.class_embedding": (hidden,),
        "vision_model.embeddings.patch_embedding.weight": (hidden, 3, config.patch_size, config.patch_size),
        "vision_model.embeddings.position_embedding.weight": (positions, hidden),
        "visual_projection.weight": (config.projection_dim, hidden),
    }
    for norm in ("pre_layrnorm", "post_layernorm"):
        shapes |= {f"vision_model.{norm}.weight": (hidden,), f"vision_model.{norm}.bias": (hidden,)}
    for i in range(config.num_hidden_layers):
        layer = f"vision_model.encoder.layers.{i}."
        for norm in ("layer_norm1", "layer_norm2"):
            shapes |= {f"{layer}{norm}.weight": (hidden,), f"{layer}{norm}.bias": (hidden,)}
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            name = f"{layer}self_attn.{projection}"
            shapes |= {f"{name}.weight": (hidden, hidden), f"{name}.bias": (hidden,)}
        shapes |= {f"{layer}mlp.fc1.weight": (mlp, hidden), f"{layer}mlp.fc1.bias": (mlp,)}
        shapes |= {f"{layer}mlp.fc2.weight": (hidden, mlp), f"{layer}mlp.fc2.bias": (hidden,)}
    return shapes


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON that people can read, in its own order."""
    path.write_text(json_text(value), encoding="utf-8")


def json_text(value: Any) -> str:
    """Return `value` as JSON that people can read, in its own order."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def verify(folder: Path) -> Manifest:
    """Read every byte of a baked folder and return its manifest.

    Raises CheckpointError if a file is missing, added, or has another digest than the manifest says.
    """
    model = BakedModel.open(folder)
    if (folder / MANIFEST).read_bytes() != model.manifest.as_text().encode():
        raise CheckpointError(f"{folder / MANIFEST}: changed since it was baked")
    found = describe_files(folder, without=MANIFEST)
    for name in found.keys() - model.manifest.files.keys():
        raise CheckpointError(f"{folder / name}: not in {MANIFEST}")
    for name, entry in model.manifest.files.items():
        if found[name]["sha256"] != entry["sha256"]:
            raise CheckpointError(f"{folder / name}: SHA-256 is {found[name]['sha256']}, expected {entry['sha256']}")
    model.vision_weights()
    return model.manifest


def _read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in `path`.

    Raises CheckpointError if there is none.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = "missing: is this a baked model folder?" if isinstance(error, FileNotFoundError) else str(error)
        raise CheckpointError(f"{path}: {reason}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: not a JSON object")
    return value
