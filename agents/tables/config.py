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
        check_learning(self.alpha, self.gamma, self.initial)
        self.strategy()

    def strategy(self) -> Strategy:
        """How it explores. Raises `UserError` where that is no valid strategy."""
        return EpsilonGreedy(self.epsilon) if self.explore is None else strategy(self.explore)


def check_learning(alpha: Number, gamma: float, initial: float) -> None:
    """Refuse what is no step size, discount or first estimate. Raises `UserError`."""
    step_size(alpha)
    if not 0 <= gamma <= 1:
        raise UserError(f"gamma must lie in [0, 1], not {gamma}")
    if not math.isfinite(initial):
        raise UserError(f"initial must be a finite number, not {initial}")


def check_lambda(lam: float) -> None:
    """Raise `UserError` where λ lies outside [0, 1]."""
    if not 0 <= lam <= 1:
        raise UserError(f"lam (λ) must lie in [0, 1], not {lam}")
