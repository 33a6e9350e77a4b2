"""Whether files are the ones that were baked: by every byte when an image is built, by what is cheap at each start."""

import hashlib
from pathlib import Path
from typing import Any

from function.errors import CheckpointError

# So much at either end of a file tells it from another of the same size: small files, and the head and the first and
# last tensors of large ones. Lambda loads an image in pieces of 512 KiB, so reading less would save nothing.
_END_BYTES = 64 * 1024


def describe_files(folder: Path, without: str) -> dict[str, dict[str, Any]]:
    """Return size and digests of every file below `folder`, but not of those named `without`, by relative path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != without)
    return {
        path.relative_to(folder).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
            "ends_sha256": ends_sha256(path),
        }
        for path in paths
    }


def check_cheaply(path: Path, entry: dict[str, Any]) -> None:
    """Raise CheckpointError unless `path` has the size that `entry` says, and the digest of both its ends."""
    found, expected = path.stat().st_size if path.is_file() else None, entry["bytes"]
    if found != expected:
        raise CheckpointError(f"{path}: {'missing' if found is None else f'{found} bytes, expected {expected}'}")
    if ends_sha256(path) != entry["ends_sha256"]:
        raise CheckpointError(f"{path}: not the file that was baked: bake it again")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ends_sha256(path: Path) -> str:
    """Return the SHA-256 of the first and the last 64 KiB of a file, in hexadecimal; of all of a smaller one."""
    with path.open("rb") as file:
        ends = file.read(_END_BYTES)
        file.seek(max(path.stat().st_size - _END_BYTES, len(ends)))
        return hashlib.sha256(ends + file.read()).hexdigest()
