"""The settings of bandit learners: those of a strategy, and how estimates are made."""

import math
from dataclasses import dataclass
from typing import Protocol

from daedalus.agents.exploring import optimistic, randomised, strategies
from daedalus.agents.exploring.rates import POWER, Number, Rate, step_size
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
    def step(self) -> Rate:
        """The step size of the estimates."""
        ...


def bandit_rule(config: BanditSettings) -> BanditRule:
    """The learner as compiled code sees it."""
    return BanditRule(config.rule, config.step)


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

    @property
    def step(self) -> Rate:
        """As `alpha` says."""
        return step_size(self.alpha)


class Means:
    """Estimates are means of rewards: for strategies that go by a memory of their own, or by a posterior."""

    initial = 0.0
    step = Rate(POWER, 1.0)


@dataclass(frozen=True)
class GreedyConfig(Estimates, strategies.Greedy):
    """Estimates, and a greedy choice."""


@dataclass(frozen=True)
class OptimisticConfig(Estimates, strategies.Greedy):
    """Estimates that begin high, and a greedy choice."""

    initial: float = 5.0
    alpha: Number = 0.1


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
class UCBConfig(Estimates, optimistic.UCB):
    """Estimates, and the highest upper confidence bound."""


@dataclass(frozen=True)
class UCBTunedConfig(Estimates, optimistic.UCBTuned):
    """Estimates, and the highest bound by measured variances."""


@dataclass(frozen=True)
class KLUCBConfig(Estimates, optimistic.KLUCB):
    """Estimates, and the highest bound of the Bernoulli divergence."""


@dataclass(frozen=True)
class KLUCBGaussianConfig(Estimates, optimistic.KLUCBGaussian):
    """Estimates, and the highest bound of the Gaussian divergence."""


@dataclass(frozen=True)
class MOSSConfig(Estimates, optimistic.MOSS):
    """Estimates, and the highest minimax bound."""


@dataclass(frozen=True)
class DiscountedUCBConfig(Means, optimistic.DiscountedUCB):
    """Means that fade, and their highest bound."""


@dataclass(frozen=True)
class SlidingUCBConfig(Means, optimistic.SlidingUCB):
    """Means over a window, and their highest bound."""


@dataclass(frozen=True)
class ThompsonBetaConfig(Means, randomised.ThompsonBeta):
    """A Beta posterior of every arm."""


@dataclass(frozen=True)
class ThompsonGaussianConfig(Means, randomised.ThompsonGaussian):
    """A Gaussian posterior of every arm."""


@dataclass(frozen=True)
class DiscountedThompsonConfig(Means, randomised.DiscountedThompson):
    """A Beta posterior of every arm that fades."""


@dataclass(frozen=True)
class SlidingThompsonConfig(Means, randomised.SlidingThompson):
    """A Beta posterior of every arm over a window."""


@dataclass(frozen=True)
class GradientConfig(Means, randomised.Gradient):
    """Preferences that climb the mean reward."""


@dataclass(frozen=True)
class EXP3Config(Means, randomised.EXP3):
    """Exponential weights."""
