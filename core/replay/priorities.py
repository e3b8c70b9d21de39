"""Priorities of a replay's transitions: what they are, and the trees that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError

from . import ring, snapshot, tree
from .fields import Array


@dataclass(frozen=True)
class Priority:
    """Proportional prioritisation, P(i) = p_i / Σ p with p = (|δ| + ε)^α (Schaul et al. 2016, eq. 1).

    `beta` is how far the weights undo it, (smallest p / p_i)^β, where no other is asked for when sampling. The paper
    takes 0.6 and anneals β from 0.4 to 1. A transition's priority is the highest ever given until it was learnt from.
    """

    alpha: float = 0.6
    beta: float = 0.4
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise UserError(f"alpha of priorities must lie in [0, 1], not {self.alpha}")
        if not 0 < self.epsilon < np.inf:
            raise UserError(f"epsilon of priorities must be above 0, not {self.epsilon}")
        check_beta(self.beta)


def check_beta(beta: float) -> None:
    """Refuse a β outside [0, 1]. Raises `UserError`."""
    if not 0 <= beta <= 1:
        raise UserError(f"beta of priorities must lie in [0, 1], not {beta}")


def tree_bytes(capacity: int) -> int:
    """The bytes of one slot's trees."""
    return 2 * 8 * int(tree.level_starts(capacity)[-1])


@final
class Priorities:
    """The sum trees of N slots, each with `capacity` leaves."""

    def __init__(self, config: Priority, slots: int, capacity: int, n_step: int) -> None:
        self.config, self._capacity, self._n_step = config, capacity, n_step
        self._starts = tree.level_starts(capacity)
        self._sums = np.zeros((slots, self._starts[-1]))
        self._lows = np.full(self._sums.shape, np.inf)
        self._span = np.zeros((slots, 2), np.int64)
        self._top = np.ones(slots)

    def follow(self, state: Ints) -> None:
        """After the ring has changed, give leaves to what can be sampled and to nothing else."""
        tree.follow(state, self._span, self._top, self._sums, self._lows, self._starts, self._capacity, self._n_step)

    def draw(self, arrays: Any, beta: float | None) -> int:
        """`tree.proportionally` with what it shares with `ring.uniformly`, from these trees."""
        if beta is not None:
            check_beta(beta)
        arguments = *arrays, self._sums, self._lows, self._starts, self.config.beta if beta is None else beta
        return tree.proportionally(*arguments)

    def assess(self, index: Ints, errors: Floats) -> None:
        """Priorities by errors δ, both (N, B); transitions that went meanwhile are passed by."""
        if not np.isfinite(errors).all():
            slot = int(np.argwhere(~np.isfinite(errors))[0][0])
            raise UserError(f"an error of slot {slot} is not finite; priorities must be finite numbers")
        alpha, epsilon = self.config.alpha, self.config.epsilon
        trees = self._sums, self._lows, self._starts
        tree.assess(index, errors, self._span, self._top, *trees, self._capacity, alpha, epsilon)

    def arrays(self, used: int) -> dict[str, Array]:
        """Copies of the first `used` leaves of each slot, and of the highest priorities."""
        return {"leaves": self._sums[:, :used].copy(), "top": self._top.copy()}

    def check(self, arrays: Mapping[str, Array], held: np.typing.NDArray[np.bool_]) -> None:
        """Refuse arrays that are no state of this; `held` (N, used) says which have a leaf. Raises `UserError`."""
        top, leaves = arrays["top"], arrays["leaves"]
        if not (np.isfinite(top) & (top >= 1)).all():
            raise UserError("top holds no highest priority")
        if not ((leaves > 0) == held).all() or not (leaves[held] <= np.repeat(top, held.sum(axis=1))).all():
            raise UserError("leaves are not the priorities of what can be sampled")

    def take_up(self, arrays: Mapping[str, Any], state: Ints) -> None:
        """Put back what `arrays` gave, for a ring in that state."""
        self._sums[:], self._lows[:], self._top[:] = 0.0, np.inf, arrays["top"]
        tree.rebuild(arrays["leaves"], self._sums, self._lows, self._starts)
        self._span[:, 0] = state[:, ring.OLDEST]
        self._span[:, 1] = state[:, ring.OLDEST] + snapshot.ready(state, self._n_step)
