"""Sizes and SHA-256 digests of files."""

import hashlib
from pathlib import Path
from typing import TypedDict


class FileEntry(TypedDict):
    """The size and the SHA-256 (hexadecimal) of one file, as a manifest lists it."""

    bytes: int
    sha256: str


def describe_files(folder: Path, without: str) -> dict[str, FileEntry]:
    """Return size and digest of every file below `folder` by relative path, except those named `without`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != without)
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths
    }


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
