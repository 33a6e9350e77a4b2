"""Build time: finds a checkpoint on the Hugging Face hub or in a folder, downloads it, and checks its digests."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Self

from function.errors import CheckpointError, HubUnreachable
from function.model import open_clip
from function.model.digests import sha256

DEFAULT_MODEL = "openai/clip-vit-base-patch32"
DEFAULT_REVISION = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"
# Weights of the default model and their SHA-256. The digests of other checkpoints are only recorded.
_DEFAULT_WEIGHTS = "pytorch_model.bin"
_DEFAULT_SHA256 = "a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f"
# In order of preference: a repository often holds the same weights several times, for other frameworks too.
_TRANSFORMERS_WEIGHTS = (
    "model.safetensors",
    "model-*-of-*.safetensors",
    "pytorch_model.bin",
    "pytorch_model-*-of-*.bin",
)
_SMALL_FILES = ("*.json", "merges.txt")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint, perhaps not downloaded yet.

    `revision` is its commit. Before the download it may be a branch or tag, or None, which means the newest. A folder
    that was not downloaded has none.
    """

    model_id: str
    revision: str | None = None
    folder: Path | None = None

    @classmethod
    def named(cls, model: str, revision: str | None) -> Self:
        """Return the checkpoint in the folder `model` or, if there is no such folder, of the hub's model `model`.

        The id of a folder is its path relative to the working directory, or only its name, because clients see it.

        Raises CheckpointError if `model` is not a valid id either.
        """
        here, folder = Path.cwd(), Path(model).resolve()
        if folder.is_dir():
            model_id = folder.relative_to(here).as_posix() if folder.is_relative_to(here) else folder.name
            return cls(model_id, folder=folder)
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model) or model.startswith("."):
            raise CheckpointError(f"{model}: no such folder, and not the id of a model on the hub")
        return cls(model, revision or (DEFAULT_REVISION if model == DEFAULT_MODEL else None))

    @property
    def name(self) -> str:
        """The id, and the start of the revision if there is one."""
        return f"{self.model_id}@{self.revision[:7]}" if self.revision else self.model_id

    @property
    def files(self) -> Path:
        """The folder with the files. Raises CheckpointError before `download`."""
        if self.folder is None:
            raise CheckpointError(f"{self.name} is not downloaded")
        return self.folder

    def download(self) -> Self:
        """Return the checkpoint with its folder, downloaded from the hub if necessary.

        Raises HubUnreachable if the hub does not answer and there is no earlier download, CheckpointError if the hub
        has no such model, or the default model's weights do not have the expected digest.
        """
        if self.folder:
            return self
        from huggingface_hub import HfApi, snapshot_download  # noqa: PLC0415
        from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415
        from huggingface_hub.utils import httpx  # noqa: PLC0415 - its errors are raised if nothing answers

        try:
            info = HfApi().model_info(self.model_id, revision=self.revision, timeout=10)
            needed = self._needed([file.rfilename for file in info.siblings or []])
            folder = snapshot_download(self.model_id, revision=self.revision, allow_patterns=needed)
        except (httpx.HTTPError, OSError) as error:
            if isinstance(error, HfHubHTTPError) and error.response.status_code < 500:
                raise CheckpointError(f"{self.name}: the hub says: {str(error).splitlines()[0]}") from error
            folder = self._earlier_download(error)
        # The folder's name in the cache is the commit.
        checkpoint = replace(self, revision=Path(folder).name, folder=Path(folder))
        if (checkpoint.model_id, checkpoint.revision) == (DEFAULT_MODEL, DEFAULT_REVISION):
            digest = checkpoint.digests().get(_DEFAULT_WEIGHTS)
            if digest != _DEFAULT_SHA256:
                raise CheckpointError(
                    f"{checkpoint.name}: {_DEFAULT_WEIGHTS} has SHA-256 {digest}, expected {_DEFAULT_SHA256}"
                )
        return checkpoint

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file that the bake reads, by name.

        Raises CheckpointError if the folder holds no checkpoint.
        """
        names = [path.name for path in self.files.iterdir() if path.is_file()]
        return {name: sha256(self.files / name) for name in self._needed(names)}

    def _needed(self, names: Sequence[str]) -> list[str]:
        """Return the files that a bake needs: one set of weights, and the small files."""
        # open_clip first, because config.json may be that of another library: timm's repositories have both.
        weights = open_clip_weights(names) or _first_matching(names, "config.json", _TRANSFORMERS_WEIGHTS)
        if not weights:
            raise CheckpointError(
                f"{self.name}: not a checkpoint: neither config.json with {', '.join(_TRANSFORMERS_WEIGHTS)} "
                f"(Transformers) nor {open_clip.CONFIG} with {' or '.join(open_clip.WEIGHTS)} (open_clip)"
            )
        # Without these files Transformers makes up a tokenizer that knows no words.
        if "tokenizer.json" not in names and not {"vocab.json", "merges.txt"} <= set(names):
            raise CheckpointError(f"{self.name}: no tokenizer: neither tokenizer.json nor vocab.json and merges.txt")
        small = [name for name in names if any(fnmatch(name, pattern) for pattern in _SMALL_FILES)]
        return sorted({*weights, *small})

    def _earlier_download(self, reason: Exception) -> str:
        """Return the folder in the hub's cache on this machine. Raises HubUnreachable if it is not there."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        try:
            folder = snapshot_download(
                self.model_id, revision=self.revision, allow_patterns=list(_SMALL_FILES), local_files_only=True
            )
            self._needed([path.name for path in Path(folder).iterdir()])  # fails if the weights are missing
        except (OSError, CheckpointError):
            cause = (str(reason).strip().splitlines() or [type(reason).__name__])[0]
            raise HubUnreachable(
                f"cannot reach the Hugging Face hub for {self.name} ({cause}). Check the network, or "
                "name a checkpoint folder instead: --model models/demo works offline."
            ) from reason
        return str(folder)


def open_clip_weights(names: Sequence[str]) -> list[str]:
    """Return the file with weights of a checkpoint in open_clip's format, empty if there is none."""
    return _first_matching(names, open_clip.CONFIG, open_clip.WEIGHTS)


def _first_matching(names: Sequence[str], config: str, patterns: Sequence[str]) -> list[str]:
    """Return the names that match the first pattern with a match, none without the configuration."""
    matches = ([name for name in names if fnmatch(name, pattern)] for pattern in patterns if config in names)
    return next((weights for weights in matches if weights), [])
