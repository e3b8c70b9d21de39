"""Exploration strategies as values: what a person may choose, checked, with a code and parameters for the basics.

To add a strategy:
1. write its rule in the file of its family, a new code in `basics.py` (out of `CLOSED_FORM` where its probabilities
   have no closed form), and its branches in `rules.py`: `other_choice`, `probabilities`, `scores` where greedy goes by
   more than the estimates, `remember` where it remembers more than estimates and counts;
2. write its frozen dataclass, here, in `optimistic.py` or in `randomised.py`: parameters, checks, `rule`, and `memory`
   where it has one;
3. announce it in `entries.py` as a "strategy" and, for bandits, as an "agent" (a config in `bandits/config.py` and a
   short class beside the learners there).

Tables then take it as `q_learning:explore=name(…)`; the laws in `tests/agents/test_strategies.py` are parametrised over
the catalogue. A sample is a reward of a bandit, or the target of a table's update: r + γ·(what is believed of the next
state). Where a strategy asks for samples in an interval, that is what must lie in it.
"""

import math
from dataclasses import dataclass
from typing import Protocol, cast

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, fill

from . import basics
from .basics import Explore
from .rates import CONSTANT, Number, Rate, positive_rate, rate


class Strategy(Protocol):
    """How to explore, checked, and what the compiled rules make of it."""

    @property
    def rule(self) -> Explore:
        """The strategy as compiled code sees it."""
        ...

    def memory(self, actions: int) -> int:
        """M, how many numbers it remembers of each row besides estimates and counts."""
        ...


def require(holds: bool, message: str) -> None:
    """Raise `UserError` with that message unless the condition holds."""
    if not holds:
        raise UserError(message)


def finite(**settings: float) -> None:
    """Raise `UserError` for the first setting that is no finite number."""
    for name, value in settings.items():
        require(math.isfinite(value), f"{name} must be a finite number, not {value}")


def positive(**settings: float) -> None:
    """Raise `UserError` for the first setting that is not above 0, or not finite."""
    for name, value in settings.items():
        require(0 < value < math.inf, f"{name} must be above 0, not {value}")


def interval(low: float, high: float) -> None:
    """Raise `UserError` unless samples can lie in [low, high]."""
    finite(low=low, high=high)
    require(low < high, f"samples lie in [low, high]; low must be below high, not {low} and {high}")


NEVER = Rate(CONSTANT, 0.0)


def coded(code: int, rate: Rate = NEVER, *params: float) -> Explore:
    """A strategy for compiled code, from up to five parameters that do not change."""
    first, second, third, fourth, fifth = (*map(float, params), *[0.0] * (5 - len(params)))
    return Explore(code, rate, (first, second, third, fourth, fifth))


class Plain:
    """A strategy that needs to remember nothing but estimates and counts."""

    def memory(self, actions: int) -> int:
        """No memory of its own."""
        return 0


@dataclass(frozen=True)
class Greedy(Plain):
    """Always an action of highest estimate."""

    @property
    def rule(self) -> Explore:
        """No parameters."""
        return coded(basics.GREEDY)


@dataclass(frozen=True)
class EpsilonGreedy(Plain):
    """Explore with probability `epsilon` at every step; a number, or one that changes such as linear(end=.01)."""

    epsilon: Number = 0.1

    def __post_init__(self) -> None:
        _ = self.rule  # it checks

    @property
    def rule(self) -> Explore:
        """Its rate is epsilon."""
        return coded(basics.EPSILON_GREEDY, rate(self.epsilon, "epsilon", 0, 1))


@dataclass(frozen=True)
class EpsilonFirst(Plain):
    """Explore for the first `explore` steps, then be greedy."""

    explore: int = 100

    def __post_init__(self) -> None:
        require(self.explore >= 0, f"explore must be a number of steps, at least 0, not {self.explore}")

    @property
    def rule(self) -> Explore:
        """(explore,)."""
        return coded(basics.EPSILON_FIRST, NEVER, self.explore)


@dataclass(frozen=True)
class EpsilonFirstSoftmax(Plain):
    """Explore for the first `explore` steps, then draw by the Boltzmann distribution at `temperature`."""

    explore: int = 100
    temperature: Number = 0.1

    def __post_init__(self) -> None:
        require(self.explore >= 0, f"explore must be a number of steps, at least 0, not {self.explore}")
        _ = self.rule  # it checks

    @property
    def rule(self) -> Explore:
        """Its rate is the temperature; (explore,)."""
        return coded(basics.EPSILON_FIRST_SOFTMAX, positive_rate(self.temperature, "temperature"), self.explore)


@dataclass(frozen=True)
class Softmax(Plain):
    """Draw by the Boltzmann distribution at `temperature`."""

    temperature: Number = 0.1

    def __post_init__(self) -> None:
        _ = self.rule  # it checks

    @property
    def rule(self) -> Explore:
        """Its rate is the temperature."""
        return coded(basics.SOFTMAX, positive_rate(self.temperature, "temperature"))


def strategy(spec: Spec) -> Strategy:
    """The strategy that `spec` names, such as ucb(c=2). Raises `UserError`."""
    config = find("strategy", spec.name).load()
    return cast(Strategy, fill(config, spec.mapping, spec.name))
