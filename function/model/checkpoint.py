"""Build time: where a checkpoint comes from, the Hugging Face hub or a folder, and whether it is the one expected."""

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Self

from function.errors import CheckpointError, HubUnreachable
from function.model.digests import sha256

DEFAULT_MODEL = "openai/clip-vit-base-patch32"
DEFAULT_REVISION = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"
# What a revision's weights must be, where we vouch for them; those of any other checkpoint are recorded, not judged.
_KNOWN_WEIGHTS = {
    (DEFAULT_MODEL, DEFAULT_REVISION): {
        "pytorch_model.bin": "a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f"
    }
}
# In order of preference: a repository often holds the same weights several times, for other frameworks too.
_WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors", "pytorch_model.bin", "pytorch_model-*-of-*.bin")
_SMALL_FILES = ("*.json", "merges.txt")


@dataclass(frozen=True)
class Source:
    """A checkpoint. `revision` is a commit, or empty while it is not known or for a folder."""

    model_id: str
    revision: str = ""
    wanted: str | None = None
    folder: Path | None = None

    @classmethod
    def requested(cls, model: str, revision: str | None) -> Self:
        """Return what is asked for: a folder if there is one of that name, else a model of the hub.

        Raises CheckpointError if `model` can be neither.
        """
        folder = Path(model)
        if folder.is_dir():
            return cls(model_id=_public_name(folder), folder=folder)
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model) or model.startswith("."):
            raise CheckpointError(f"{model}: no such folder, and not the id of a model on the hub")
        if model == DEFAULT_MODEL:
            revision = revision or DEFAULT_REVISION
        is_commit = revision is not None and re.fullmatch(r"[0-9a-f]{40}", revision) is not None
        return cls(model_id=model, revision=revision or "" if is_commit else "", wanted=revision)

    @property
    def name(self) -> str:
        """What to call it: the id, and the start of the revision where there is one."""
        return f"{self.model_id}@{self.revision[:7]}" if self.revision else self.model_id

    @property
    def downloaded(self) -> Path:
        """The folder it lies in; only after `fetched`."""
        if self.folder is None:
            raise CheckpointError(f"{self.name} has not been fetched")
        return self.folder

    def fetched(self) -> Self:
        """Return the same checkpoint with its folder, downloaded if it must be, and its digests checked.

        Raises HubUnreachable if the hub does not answer and no earlier download is left, CheckpointError if it has no
        such model, or the files are not those expected.
        """
        source = self if self.folder else self._download()
        digests = source.digests()
        for name, expected in _KNOWN_WEIGHTS.get((source.model_id, source.revision), {}).items():
            if digests.get(name) != expected:
                raise CheckpointError(f"{source.name}: {name} has SHA-256 {digests.get(name)}, expected {expected}")
        return source

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file that the bake reads, by name.

        Raises CheckpointError if the folder holds no checkpoint.
        """
        names = [path.name for path in self.downloaded.iterdir() if path.is_file()]
        return {name: sha256(self.downloaded / name) for name in self._choose(names)}

    def _choose(self, names: list[str]) -> list[str]:
        """Return those of a repository's files that a bake needs: one set of weights, and the small files."""
        if "config.json" not in names:
            raise CheckpointError(f"{self.name}: no config.json: not a Transformers checkpoint")
        # Without these Transformers makes up a tokenizer that knows no words.
        if "tokenizer.json" not in names and not {"vocab.json", "merges.txt"} <= set(names):
            raise CheckpointError(f"{self.name}: no tokenizer: neither tokenizer.json nor vocab.json and merges.txt")
        small = [name for name in names if any(fnmatch(name, pattern) for pattern in _SMALL_FILES)]
        for pattern in _WEIGHTS:
            if weights := [name for name in names if fnmatch(name, pattern)]:
                return sorted({*weights, *small})
        raise CheckpointError(f"{self.name}: no weights: none of {', '.join(_WEIGHTS)}")

    def _download(self) -> Self:

        from huggingface_hub import HfApi, snapshot_download  # noqa: PLC0415
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415
        from huggingface_hub.utils import httpx  # noqa: PLC0415 - what its client raises when nothing answers

        try:
            info = HfApi().model_info(self.model_id, revision=self.wanted, timeout=10)
            chosen = self._choose([file.rfilename for file in info.siblings or []])
            folder = snapshot_download(self.model_id, revision=info.sha, allow_patterns=chosen)
            return replace(self, revision=info.sha or "", folder=Path(folder))
        except HfHubHTTPError as error:
            if error.response is not None and error.response.status_code < 500:
                raise CheckpointError(f"{self.name}: the hub says: {str(error).splitlines()[0]}") from error
            return self._earlier_download(error)
        except (httpx.HTTPError, OSError, LocalEntryNotFoundError) as error:
            return self._earlier_download(error)

    def _earlier_download(self, reason: Exception) -> Self:
        """Return what an earlier bake left in the hub's cache."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        try:
            source = replace(
                self, folder=Path(snapshot_download(self.model_id, revision=self.wanted, local_files_only=True))
            )
            source.digests()
        except (OSError, CheckpointError):
            raise HubUnreachable(
                f"cannot reach the Hugging Face hub for {self.name} ({_first_line(reason)}). Check the network, or "
                "name a checkpoint folder instead: --model models/demo works offline."
            ) from reason
        return source


def _public_name(folder: Path) -> str:
    """Return the name clients are told: the path as seen from here, or the folder's own, never a machine's paths."""
    here = Path.cwd()
    resolved = folder.resolve()
    return resolved.relative_to(here).as_posix() if resolved.is_relative_to(here) else resolved.name


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
