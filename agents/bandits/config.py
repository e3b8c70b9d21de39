"""The settings of bandit learners: those of a strategy, and how estimates are made."""

import math
from dataclasses import dataclass
from typing import Protocol

from daedalus.agents.exploring import strategies
from daedalus.agents.exploring.rates import Number, step_size
from daedalus.agents.exploring.strategies import Strategy
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .loop import BanditRule

AVERAGE = Spec("average")


class BanditSettings(Strategy, Protocol):
    """A strategy, and how its estimates are made."""

    @property
    def initial(self) -> float:
        """Every estimate at first."""
        ...

    @property
    def alpha(self) -> Number:
        """The step size."""
        ...


def bandit_rule(config: BanditSettings) -> BanditRule:
    """The learner as compiled code sees it."""
    return BanditRule(config.rule, step_size(config.alpha))


@dataclass(frozen=True)
class Estimates:
    """How estimates are made; a learner's config adds it to the settings of its strategy."""

    initial: float = 0.0  # every estimate at first; above what arms pay it is optimistic
    alpha: Number = AVERAGE  # the step size: average is 1/n, a number in (0, 1] forgets

    def __post_init__(self) -> None:
        if not math.isfinite(self.initial):
            raise UserError(f"initial must be a finite number, not {self.initial}")
        step_size(self.alpha)
        check = getattr(super(), "__post_init__", None)  # the strategy's own
        if check is not None:
            check()


@dataclass(frozen=True)
class GreedyConfig(Estimates, strategies.Greedy):
    """Estimates, and a greedy choice."""


@dataclass(frozen=True)
class EpsilonGreedyConfig(Estimates, strategies.EpsilonGreedy):
    """Estimates, and an ε-greedy choice."""


@dataclass(frozen=True)
class EpsilonFirstConfig(Estimates, strategies.EpsilonFirst):
    """Estimates, and a choice that explores first."""


@dataclass(frozen=True)
class EpsilonFirstSoftmaxConfig(Estimates, strategies.EpsilonFirstSoftmax):
    """Estimates, and a choice that explores first and then draws by the Boltzmann distribution."""


@dataclass(frozen=True)
class SoftmaxConfig(Estimates, strategies.Softmax):
    """Estimates, and a draw by the Boltzmann distribution."""


@dataclass(frozen=True)
class UCBConfig(Estimates, strategies.UCB):
    """Estimates, and the highest upper confidence bound."""
