"""Weights in a safetensors file, read one tensor at a time."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from function.errors import CheckpointError

# About one transformer layer. Mapping the file again for every tensor is slow; never doing it keeps all pages resident.
_TENSORS_A_MAPPING = 16


class TensorFile(Mapping[str, Tensor]):
    """The tensors of a safetensors file by name. A tensor is read from disk when it is asked for.

    The file is mapped again every 16 tensors, because pages stay in memory as long as their mapping: code that copies
    the tensors one by one then needs memory for the copies only. Safe to use from several threads.
    """

    def __init__(self, path: Path) -> None:
        """Read the header of `path`. Raises CheckpointError if the header cannot be read."""
        self._path = path
        self._file, self._reads = self._mapped(), itertools.count()
        # `keys` of safe_open is a method, so `in` and iteration do not work on the object itself.
        self.shapes = {name: tuple(self._file.get_slice(name).get_shape()) for name in self._file.keys()}  # noqa: SIM118

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.shapes:
            raise KeyError(name)
        if next(self._reads) % _TENSORS_A_MAPPING == 0:
            self._file = self._mapped()
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def check_shapes(self, expected: Mapping[str, tuple[int, ...]]) -> None:
        """Raise CheckpointError if a tensor of `expected` is missing or has another shape."""
        for name, shape in expected.items():
            if self.shapes.get(name) != shape:
                raise CheckpointError(f"{self._path}: {name} has shape {self.shapes.get(name)}, expected {shape}")

    def _mapped(self) -> Any:
        try:
            return safe_open(self._path, framework="pt")
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"{self._path}: {error}") from error
