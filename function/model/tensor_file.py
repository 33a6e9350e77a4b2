"""Weights in a safetensors file, read one tensor at a time."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from function.errors import CheckpointError

# The file is mapped again after so many tensors, about one transformer layer, because pages that were read stay in
# memory as long as their mapping. Mapping it for every tensor is slow.
_TENSORS_A_MAPPING = 16


class TensorFile(Mapping[str, Tensor]):
    """The tensors of a safetensors file by name. A tensor is read from disk when it is asked for.

    Code that copies the tensors one by one needs memory for the copies only. Safe to use from several threads.
    """

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Read the header of `path`.

        Raises CheckpointError if it cannot be read, or if a tensor of `shapes` is missing or has another shape.
        """
        self._path, self._reads = path, itertools.count()
        self._file = self._mapped()
        self._names = frozenset(self._file.keys())
        for name, expected in shapes.items():
            shape = tuple(self._file.get_slice(name).get_shape()) if name in self._names else None
            if shape != expected:
                raise CheckpointError(f"{path}: {name} has shape {shape}, expected {expected}")

    def __getitem__(self, name: str) -> Tensor:
        if next(self._reads) % _TENSORS_A_MAPPING == 0:
            self._file = self._mapped()
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _mapped(self) -> Any:
        try:
            return safe_open(self._path, framework="pt")
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"{self._path}: {error}") from error
