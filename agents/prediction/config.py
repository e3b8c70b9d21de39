"""The settings that learners of a given policy's value share."""

from dataclasses import dataclass
from typing import ClassVar

from daedalus.agents.exploring.rates import Number
from daedalus.agents.exploring.strategies import Greedy, Strategy
from daedalus.agents.tables.config import check_learning
from daedalus.core.spec import Spec

from .policies import check_name

RANDOM = Spec("random")


@dataclass(frozen=True)
class PredictionConfig:
    """Step size, discount, the policy to judge, and first estimates."""

    judged_by: ClassVar[str] = "error"  # the return is that of the given policy, whatever is learnt

    alpha: Number = 0.1  # in (0, 1], or average (1/n), power(omega=.8), linear(…), exponential(…), inverse(…)
    gamma: float = 0.99  # in [0, 1]
    policy: Spec = RANDOM  # or optimal, optimal(epsilon=.1); "given": an array that was handed over
    initial: float = 0.0  # every value at first

    def __post_init__(self) -> None:
        check_learning(self.alpha, self.gamma, self.initial)
        check_name(self.policy)

    def strategy(self) -> Strategy:
        """A table asks its strategy what it remembers; one who only follows remembers nothing."""
        return Greedy()
