"""What a population lives in: N environments in lockstep, and how its networks see them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.lab.experiment import Columns
from daedalus.core.replay.frames import Field

from .seeing import Eye

Array = np.typing.NDArray[Any]

#: Named arrays (N, ...): what is kept of N environments at one moment.
Frame = Mapping[str, Array]


#: From the shape that a network takes to the device where it lives.
Place = Callable[[tuple[int, ...]], torch.device]


class Moved(NamedTuple):
    """One step of all N environments."""

    reward: Floats  # (N,), as are the next two
    terminated: Bools
    truncated: Bools
    reached: Frame  # what was really reached, final where an episode ended
    ended: bool  # whether any did; then `Living.frame` holds where the next begins


class Sense(Protocol):
    """From frames to what networks take. `which` says whose slots the leading axis holds; None: all of them."""

    eye: Eye
    actions: int
    masked: bool  # whether some actions may be forbidden
    frame: Mapping[str, Field]

    def see(self, batch: Mapping[str, Tensor], prefix: str = "") -> Tensor:
        """What is shown in a batch of frames (N, B), or in those they led to ("next_"): (N, B, *seen) float32."""
        ...

    def mask(self, batch: Mapping[str, Tensor], prefix: str = "") -> Tensor:
        """Which actions are allowed there, (N, B, A), 0 or 1; asked for only where `masked`."""
        ...

    def mask_now(self, frame: Frame) -> Array:
        """The same for one frame of each slot, (N, A)."""
        ...


class Living(Protocol):
    """N environments in lockstep, each with streams of its own."""

    frame: Frame  # where all stand now
    time: int  # steps taken here

    @property
    def sense(self) -> Sense:
        """How networks see it."""
        ...

    def step(self, action_N: Ints) -> Moved:
        """Take a step everywhere and begin episodes where they ended. Raises `UserError` for NaN."""
        ...

    def anew(self) -> None:
        """Leave the running episodes and begin others."""
        ...

    def visited(self) -> Ints | None:
        """How often a step was taken from each state, (N, S); None where states have no numbers."""
        ...

    def arrays(self) -> Columns | None:
        """All state; None where it cannot be taken down."""
        ...

    def restore(self, arrays: Columns) -> None:
        """Take up what `arrays` gave. Raises `UserError`."""
        ...

    def close(self) -> None:
        """Close the environments."""
        ...
