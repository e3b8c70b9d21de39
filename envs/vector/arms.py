"""What kernels of bandits share: the check of the arms, and what is kept for drawing."""

from collections.abc import Callable
from typing import Any, final

import numpy as np
from gymnasium.error import InvalidAction

from daedalus.core.arrays import Bools, Floats, Ints, Pixels

Picture = tuple[Callable[[], Pixels], Callable[[], str]]


def checked_arms(actions_N: Any, arms: int, acting: Bools | None) -> Ints:
    """The actions as integers, (N,). Raises `InvalidAction` for one that is no arm, where `acting` (None: all)."""
    given = np.ascontiguousarray(actions_N)
    if given.dtype.kind not in "iu":
        raise InvalidAction(f"arms are whole numbers, not {given.dtype}")
    if given.size and not 0 <= given.min() <= given.max() < arms:
        wrong = (given < 0) | (given >= arms)
        wrong = wrong if acting is None else wrong & acting
        if wrong.any():
            raise InvalidAction(f"an arm is one of 0…{arms - 1}, not {given[wrong][0]}")
    return given.astype(np.int64, copy=False)


@final
class Machines:
    """Estimates, pulls and last rewards of N bandits, kept only where somebody looks."""

    def __init__(self, num_envs: int, arms: int) -> None:
        self._estimates, self._pulls = np.zeros((num_envs, arms)), np.zeros((num_envs, arms), dtype=np.int64)
        self._last, self._paid = np.full(num_envs, -1), np.zeros(num_envs)

    def clear(self, index: Ints) -> None:
        """Forget all pulls of the environments `index`."""
        self._estimates[index], self._pulls[index], self._last[index] = 0.0, 0, -1

    def pulled(self, actions_N: Ints, rewards_N: Floats, pulled_N: Bools) -> None:
        """Take down one pull of the environments in the mask."""
        rows = np.flatnonzero(pulled_N)
        arms, paid = actions_N[rows], rewards_N[rows]
        self._pulls[rows, arms] += 1
        self._estimates[rows, arms] += (paid - self._estimates[rows, arms]) / self._pulls[rows, arms]
        self._last[rows], self._paid[rows] = arms, paid

    def drawn(self, index: int, means: Floats) -> Picture:
        """How the machines of environment `index` are drawn, with their true means (A,)."""
        from daedalus.envs.drawing.machines import draw_machines, machines_text

        last = (int(self._last[index]), float(self._paid[index])) if self._last[index] >= 0 else None
        seen = self._estimates[index].copy(), self._pulls[index].copy(), means, last
        return lambda: draw_machines(*seen), lambda: machines_text(*seen)
