"""What an observer is: the bridge from a state's number to what an agent is shown of it."""

from typing import Any, Protocol

import gymnasium
import numpy as np

from daedalus.core.arrays import States


class Observer(Protocol):
    """Shows the states of one world, as its `Observation` asks."""

    space: gymnasium.Space[Any]

    def one(self, state: int) -> Any:
        """What is shown of a state: a number for Discrete spaces, else a fresh array."""
        ...

    def batch(self, states_B: States) -> np.typing.NDArray[Any]:
        """What is shown of many states, (B, ...), a fresh array of the space's dtype (int64 for Discrete)."""
        ...
