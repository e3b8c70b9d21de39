"""The settings of a table learner, and the learner that compiled code makes of them."""

import math
from dataclasses import dataclass

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .strategies import EpsilonGreedy, Strategy, strategy
from .strategy_rules import CLOSED_FORM
from .table_rules import EXPECTED_SARSA, Learner


@dataclass(frozen=True)
class TableConfig:
    """Step size, discount, exploration and first estimates of a table of action values."""

    alpha: float = 0.1  # in (0, 1]
    gamma: float = 0.99  # in [0, 1]
    epsilon: float = 0.1  # of the ε-greedy exploration
    explore: Spec | None = None  # any other strategy, in its place
    initial: float = 0.0  # every entry at first

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 1:
            raise UserError(f"alpha must lie in (0, 1], not {self.alpha}")
        if not 0 <= self.gamma <= 1:
            raise UserError(f"gamma must lie in [0, 1], not {self.gamma}")
        if not math.isfinite(self.initial):
            raise UserError(f"initial must be a finite number, not {self.initial}")
        self.strategy()

    def strategy(self) -> Strategy:
        """How it explores. Raises `UserError` where that is no valid strategy."""
        return EpsilonGreedy(self.epsilon) if self.explore is None else strategy(self.explore)


def learner(rule: int, config: TableConfig) -> Learner:
    """The learner of that rule and those settings.

    Raises `UserError` where Expected Sarsa is to explore by a strategy whose probabilities have no closed form.
    """
    explore = config.strategy()
    if rule == EXPECTED_SARSA and explore.code not in CLOSED_FORM:
        raise UserError(
            f"expected_sarsa needs the probability of every action, and {config.explore} has no closed form for it;\n"
            "use q_learning or sarsa, or another strategy"
        )
    return Learner(rule, config.alpha, config.gamma, explore.code, explore.params)
