"""The settings that table learners share."""

import math
from dataclasses import dataclass

from daedalus.agents.exploring.rates import Number, step_size
from daedalus.agents.exploring.strategies import EpsilonGreedy, Strategy, strategy
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec


@dataclass(frozen=True)
class TableConfig:
    """Step size, discount, exploration and first estimates of a table of action values."""

    alpha: Number = 0.1  # in (0, 1], or average (1/n), power(omega=.8), linear(…), exponential(…), inverse(…)
    gamma: float = 0.99  # in [0, 1]
    epsilon: Number = 0.1  # of the ε-greedy exploration
    explore: Spec | None = None  # any other strategy, in its place
    initial: float = 0.0  # every entry at first

    def __post_init__(self) -> None:
        step_size(self.alpha)
        if not 0 <= self.gamma <= 1:
            raise UserError(f"gamma must lie in [0, 1], not {self.gamma}")
        if not math.isfinite(self.initial):
            raise UserError(f"initial must be a finite number, not {self.initial}")
        self.strategy()

    def strategy(self) -> Strategy:
        """How it explores. Raises `UserError` where that is no valid strategy."""
        return EpsilonGreedy(self.epsilon) if self.explore is None else strategy(self.explore)
