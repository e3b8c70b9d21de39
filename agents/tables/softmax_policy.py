"""What learners of a softmax policy share: π(a|s) = exp h(s, a) / Σ_b exp h(s, b), the preferences h being their q."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from daedalus.agents.exploring.rates import Number, step_size
from daedalus.agents.exploring.rules import softmax, softmax_probabilities
from daedalus.agents.exploring.strategies import Softmax, Strategy
from daedalus.core.arrays import Floats
from daedalus.core.compiled import inlined
from daedalus.core.errors import UserError

from .loop import Population


@dataclass(frozen=True)
class PolicyConfig:
    """Step sizes, discount and first preferences of a softmax policy."""

    alpha: Number = 0.1  # of the preferences, in (0, 1], or changing
    alpha_value: Number = 0.1  # of the state values
    gamma: float = 0.99  # in [0, 1]
    initial: float = 0.0  # every preference at first: any number makes all actions alike

    def __post_init__(self) -> None:
        step_size(self.alpha)
        step_size(self.alpha_value, "alpha_value")
        if not 0 <= self.gamma <= 1:
            raise UserError(f"gamma must lie in [0, 1], not {self.gamma}")
        if not math.isfinite(self.initial):
            raise UserError(f"initial must be a finite number, not {self.initial}")

    def strategy(self) -> Strategy:
        """It draws from its policy."""
        return Softmax(1.0)


@inlined
def drawn(rule: Any, now: Population, own: Any, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """`decide` of a softmax policy: a draw from it. Sutton & Barto 2018, eq. 13.2."""
    return softmax(now.q, row, 1.0, key, t)


@inlined
def ascend(now: Population, row: np.uint64, action: int, step: float, scratch: Floats) -> None:
    """h(s, ·) ← h(s, ·) + step · ∇ ln π(action|s), of which entry b is 1[b = action] − π(b|s). Eq. 13.9."""
    softmax_probabilities(now.q, row, 1.0, scratch)
    for b in range(scratch.size):
        now.q[row, b] -= step * scratch[b]
    now.q[row, action] += step
