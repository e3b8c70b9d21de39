"""What a batched problem is: N copies in arrays, moved by compiled code.

A kernel knows nothing of autoreset modes, infos' masks or Gymnasium's checks: `front.BatchEnv` does all that, once
for every kernel. Environment i does exactly what the single environment does under the same seed and actions.
"""

from collections.abc import Callable
from typing import Any, Protocol

import gymnasium
import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels

Stepped = tuple[np.typing.NDArray[Any], Floats, Bools, Bools]


class Kernel(Protocol):
    """N copies of one problem."""

    num_envs: int

    @property
    def single_observation_space(self) -> gymnasium.Space[Any]:
        """What one environment shows."""
        ...

    @property
    def single_action_space(self) -> gymnasium.spaces.Discrete[Any]:
        """The actions of one environment."""
        ...

    def begin(self, index: Ints, seeds: Ints) -> None:
        """Start the streams of the environments `index` anew, with these seeds, as `reset(seed=…)` does."""
        ...

    def reset(self, mask_N: Bools) -> None:
        """Begin an episode where the mask is true."""
        ...

    def step(self, actions_N: Ints, over_N: Bools, restart: bool) -> Stepped:
        """Act once everywhere; fresh arrays: observations (N, ...), rewards, terminated, truncated (N,).

        `over_N` says where an episode had ended, and is overwritten with where one ends now. With `restart` those
        environments ignore their action and begin an episode: reward 0, nothing ended, no step counted.
        Raises `InvalidAction`, before anything has moved, for an action that is none (in any environment that acts).
        """
        ...

    def observe(self, mask_N: Bools | None = None) -> np.typing.NDArray[Any]:
        """What is shown now, a fresh array: of all (N, ...), or of those in the mask, in order (M, ...)."""
        ...

    def info(self) -> dict[str, np.typing.NDArray[Any]]:
        """What the single environment's `info` holds now, by key, (N, ...) each; empty where it is empty."""
        ...

    def drawn(self, index: int) -> tuple[Callable[[], Pixels], Callable[[], str]] | None:
        """How environment `index` is drawn now, as pixels and as text (for `Canvas.show`); None if it cannot be."""
        ...

    def snapshot(self) -> dict[str, np.typing.NDArray[Any]]:
        """All state, random streams included."""
        ...

    def restore(self, arrays: dict[str, np.typing.NDArray[Any]]) -> None:
        """Take up what `snapshot` gave. Raises `UserError`, and changes nothing, for arrays that cannot be that."""
        ...
