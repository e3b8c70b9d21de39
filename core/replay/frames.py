"""Where frames lie: in host memory (NumPy) or on a device (torch). Rows are those of all slots, N · R."""

from collections.abc import Mapping
from typing import Protocol, final

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Ints

from .fields import Array
from .fields import Field as Field


class Store(Protocol):
    """Every frame of all slots."""

    def write(self, rows: Ints, frame: Mapping[str, Array]) -> None:
        """Put slot i's frame into row rows[i], where that is not -1."""
        ...

    def read(self, first: Ints, reached: Ints) -> dict[str, Tensor]:
        """The frames in rows `first` by name, and those in rows `reached` as "next_" + name."""
        ...

    def arrays(self, used: int) -> dict[str, Array]:
        """Copies of the first `used` rows of each slot, (N, used, …)."""
        ...

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Put back what `arrays` gave."""
        ...


@final
class HostStore:
    """Frames in NumPy arrays: pages that no frame has touched take no memory."""

    def __init__(self, slots: int, room: int, frame: Mapping[str, Field]) -> None:
        self._slots, self._room = slots, room
        self._stores = {name: np.zeros((slots * room, *field.shape), field.dtype) for name, field in frame.items()}
        self._pairs = [(name, f"next_{name}", store) for name, store in self._stores.items()]

    def write(self, rows: Ints, frame: Mapping[str, Array]) -> None:
        """Put slot i's frame into row rows[i], where that is not -1."""
        if self._slots == 1:
            row = rows[0]
            for name, store in self._stores.items():
                store[row] = frame[name][0]
            return
        where = rows if rows.min() >= 0 else rows >= 0
        for name, store in self._stores.items():
            if where is rows:
                store[rows] = frame[name]
            else:
                store[rows[where]] = frame[name][where]

    def read(self, first: Ints, reached: Ints) -> dict[str, Tensor]:
        """The frames in rows `first` by name, and those in rows `reached` as "next_" + name."""
        batch = {}
        for name, next_name, store in self._pairs:
            batch[name] = torch.from_numpy(store.take(first, 0))
            batch[next_name] = torch.from_numpy(store.take(reached, 0))
        return batch

    def arrays(self, used: int) -> dict[str, Array]:
        """Copies of the first `used` rows of each slot, (N, used, …)."""
        return {name: self._by_slot(store)[:, :used].copy() for name, store in self._stores.items()}

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Put back what `arrays` gave."""
        for name, store in self._stores.items():
            self._by_slot(store)[:, : arrays[name].shape[1]] = arrays[name]

    def _by_slot(self, store: Array) -> Array:
        return store.reshape(self._slots, self._room, *store.shape[1:])


@final
class DeviceStore:
    """Frames in tensors on a device; only rows and what is written go there."""

    def __init__(self, slots: int, room: int, frame: Mapping[str, Field], where: torch.device) -> None:
        self._slots, self._room, self._where = slots, room, where
        self._stores = {
            name: torch.zeros((slots * room, *field.shape), dtype=getattr(torch, field.dtype), device=where)
            for name, field in frame.items()
        }

    def write(self, rows: Ints, frame: Mapping[str, Array]) -> None:
        """Put slot i's frame into row rows[i], where that is not -1."""
        chosen = np.flatnonzero(rows >= 0)
        to = torch.from_numpy(rows[chosen]).to(self._where)
        for name, store in self._stores.items():
            store[to] = torch.from_numpy(np.asarray(frame[name])[chosen]).to(store)

    def read(self, first: Ints, reached: Ints) -> dict[str, Tensor]:
        """The frames in rows `first` by name, and those in rows `reached` as "next_" + name."""
        rows = torch.from_numpy(np.stack([first, reached])).to(self._where)
        batch = {}
        for name, store in self._stores.items():
            batch[name], batch[f"next_{name}"] = store[rows[0]], store[rows[1]]
        return batch

    def arrays(self, used: int) -> dict[str, Array]:
        """Copies of the first `used` rows of each slot, (N, used, …)."""
        return {name: self._by_slot(store)[:, :used].cpu().numpy().copy() for name, store in self._stores.items()}

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Put back what `arrays` gave."""
        for name, store in self._stores.items():
            self._by_slot(store)[:, : arrays[name].shape[1]] = torch.from_numpy(arrays[name]).to(self._where)

    def _by_slot(self, store: Tensor) -> Tensor:
        return store.view(self._slots, self._room, *store.shape[1:])
