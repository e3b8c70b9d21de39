"""What stands in the place of a replay buffer when there is none: the transitions just lived, in their order."""

from collections.abc import Mapping
from typing import Any, Protocol, final

import numpy as np
import torch

from daedalus.core.arrays import Bools, Floats, Ints, Keys
from daedalus.core.errors import UserError
from daedalus.core.objective import Batch
from daedalus.core.replay.frames import Field

from .living import Array, Frame


class Memory(Protocol):
    """What a population learns from: a replay buffer, or the newest transitions."""

    def begin(self, frame: Mapping[str, Array], slots_N: Bools | None = None) -> None:
        """Begin episodes in those slots (all, without `slots_N`)."""
        ...

    def add(
        self, action_N: Ints, reward_N: Floats, terminated_N: Bools, truncated_N: Bools, next_frame: Mapping[str, Array]
    ) -> None:
        """Add one step of every slot."""
        ...

    def sample(self, size: int, keys_N: Keys, t: int) -> Batch:
        """Transitions (N, B, …)."""
        ...

    def arrays(self) -> dict[str, Array]:
        """All state."""
        ...

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Take up what `arrays` gave. Raises `UserError`."""
        ...


@final
class Newest:
    """The last `capacity` transitions of N slots. A sample is the newest of them, whatever its key."""

    def __init__(self, capacity: int, slots: int, frame: Mapping[str, Field], gamma: float) -> None:
        self._capacity, self._gamma = capacity, gamma
        shape = (slots, capacity)
        self._kept: dict[str, Array] = {
            "action": np.zeros(shape, np.int64),
            "reward": np.zeros(shape, np.float32),
            "discount": np.zeros(shape, np.float32),
        }
        for name, field in frame.items():
            self._kept[name] = np.zeros((*shape, *field.shape), field.dtype)
            self._kept[f"next_{name}"] = np.zeros((*shape, *field.shape), field.dtype)
            self._kept[f"now.{name}"] = np.zeros((slots, *field.shape), field.dtype)
        self._names = tuple(frame)
        self._added = np.zeros(1, np.int64)

    def begin(self, frame: Frame, slots_N: Bools | None = None) -> None:
        """Episodes begin in those slots (all, without `slots_N`)."""
        chosen = slice(None) if slots_N is None else slots_N
        for name in self._names:
            self._kept[f"now.{name}"][chosen] = frame[name][chosen]

    def add(self, action_N: Ints, reward_N: Floats, terminated_N: Bools, truncated_N: Bools, next_frame: Frame) -> None:
        """Add one step of every slot."""
        del truncated_N  # bootstrapped through
        at = int(self._added[0]) % self._capacity
        kept = self._kept
        kept["action"][:, at], kept["reward"][:, at] = action_N, reward_N
        kept["discount"][:, at] = np.where(terminated_N, 0.0, self._gamma)
        for name in self._names:
            kept[name][:, at], kept[f"next_{name}"][:, at] = kept[f"now.{name}"], next_frame[name]
            kept[f"now.{name}"][...] = next_frame[name]
        self._added += 1

    def sample(self, size: int, keys_N: Keys, t: int) -> Batch:
        """The newest transitions, at most `size`, oldest first, (N, B, …)."""
        del keys_N, t
        added = int(self._added[0])
        rows = np.arange(max(0, added - min(size, self._capacity)), added) % self._capacity
        return {
            name: torch.from_numpy(array[:, rows]) for name, array in self._kept.items() if not name.startswith("now.")
        }

    def arrays(self) -> dict[str, Any]:
        """All state."""
        return {name: array.copy() for name, array in self._own().items()}

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Take up what `arrays` gave. Raises `UserError`."""
        for name, array in self._own().items():
            given = arrays.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise UserError(f"{name}: missing, or of another shape")
            array[...] = given

    def _own(self) -> dict[str, Array]:
        return self._kept | {"added": self._added}
