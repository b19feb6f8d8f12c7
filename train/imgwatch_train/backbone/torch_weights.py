"""Read the tensors of a legacy PyTorch weight file (`.pth`) without PyTorch.

It runs no code from the file: the unpickler knows four names and refuses every other.
"""

import collections
import pickle
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from imgwatch.errors import ModelError

Weights = dict[str, NDArray[Any]]
_MAGIC = 0x1950A86A20F9469CFC6C
_ITEM_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_weights(path: Path) -> Weights:
    """Return every tensor of the state dictionary at `path`, by name. Raises ModelError.

    The file is five pickles (magic, protocol, system, tensors, storage keys), then each storage as a
    little-endian count and its items; the layout is that of `torch.save` before PyTorch 1.6.
    """
    with path.open("rb") as file:
        if _Unpickler(file).load() != _MAGIC:
            raise ModelError(f"{path}: not a legacy PyTorch weight file")
        _Unpickler(file).load()
        _Unpickler(file).load()
        tensors: dict[str, _Tensor] = _Unpickler(file).load()
        storages = _read_storages(file, _Unpickler(file).load(), tensors)
    return {name: tensor.over(storages[tensor.key]) for name, tensor in tensors.items()}


class _Tensor:
    """Where a tensor lies in its storage; sizes and strides count items."""

    def __init__(
        self,
        storage: tuple[Any, ...],
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        *_: object,
    ) -> None:
        self.item_type, self.key = storage[1], storage[2]
        self.offset, self.shape, self.strides = offset, shape, strides

    def over(self, storage: NDArray[Any]) -> NDArray[Any]:
        """Return the tensor, copied out of its storage in row-major order."""
        strides = [stride * storage.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(storage[self.offset :], self.shape, strides, writeable=False)
        return np.ascontiguousarray(view)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return the class of one of the few names that a state dictionary needs. Raises UnpicklingError."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in _ITEM_TYPES:
            return _ITEM_TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a weight file")

    def persistent_load(self, pid: Any) -> Any:
        """Return a storage's description: its items follow after the pickles."""
        return pid


def _read_storages(file: BinaryIO, keys: list[str], tensors: dict[str, _Tensor]) -> dict[str, NDArray[Any]]:
    item_types = {tensor.key: tensor.item_type for tensor in tensors.values()}
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = np.frombuffer(file.read(count * item_types[key].itemsize), item_types[key])
    return storages
