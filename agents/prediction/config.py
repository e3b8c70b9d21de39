"""The settings that learners of a given policy's value share."""

import math
from dataclasses import dataclass

from daedalus.agents.exploring.rates import Number, step_size
from daedalus.agents.exploring.strategies import Greedy, Strategy
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .policies import check_name

RANDOM = Spec("random")


@dataclass(frozen=True)
class PredictionConfig:
    """Step size, discount, the policy to judge, and first estimates."""

    alpha: Number = 0.1  # in (0, 1], or average (1/n), power(omega=.8), linear(…), exponential(…), inverse(…)
    gamma: float = 0.99  # in [0, 1]
    policy: Spec = RANDOM  # or optimal, optimal(epsilon=.1); "given": an array that was handed over
    initial: float = 0.0  # every value at first

    def __post_init__(self) -> None:
        step_size(self.alpha)
        if not 0 <= self.gamma <= 1:
            raise UserError(f"gamma must lie in [0, 1], not {self.gamma}")
        if not math.isfinite(self.initial):
            raise UserError(f"initial must be a finite number, not {self.initial}")
        check_name(self.policy)

    def strategy(self) -> Strategy:
        """A table asks its strategy what it remembers; one who only follows remembers nothing."""
        return Greedy()


def check_lambda(lam: float) -> None:
    """Raise `UserError` where λ lies outside [0, 1]."""
    if not 0 <= lam <= 1:
        raise UserError(f"lam (λ) must lie in [0, 1], not {lam}")
