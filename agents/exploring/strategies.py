"""Exploration strategies as values: what a person may choose, checked, with a code and parameters for the rules.

To add a strategy:
1. in `rules.py`, write its rule and the next code, and add a branch to `other_choice`; where its action
   probabilities have a closed form, add one to `probabilities` and the code to `CLOSED_FORM`; where it remembers more
   than estimates and counts, a branch to `remember`;
2. write its frozen dataclass here: parameters, checks, `rule`, and `memory` where it has one;
3. announce it in `entries.py` as a "strategy" and, for bandits, as an "agent" (a short class in
   `bandits/learners.py`).

Tables then take it as `q_learning:explore=name(…)`; the laws in `tests/agents/test_strategies.py` are parametrised over
the catalogue.
"""

import math
from dataclasses import dataclass
from typing import Protocol, cast

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, fill

from . import rules
from .rates import CONSTANT, Number, Rate, positive_rate, rate
from .rules import Explore


class Strategy(Protocol):
    """How to explore, checked, and what the compiled rules make of it."""

    @property
    def rule(self) -> Explore:
        """The strategy as compiled code sees it."""
        ...

    def memory(self, actions: int) -> int:
        """M, how many numbers it remembers of each row besides estimates and counts."""
        ...


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise UserError(message)


_NEVER = Rate(CONSTANT, 0.0)


def coded(code: int, rate: Rate = _NEVER, *params: float) -> Explore:
    """A strategy for compiled code, from up to four parameters that do not change."""
    first, second, third, fourth = (*map(float, params), *[0.0] * (4 - len(params)))
    return Explore(code, rate, (first, second, third, fourth))


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
        return coded(rules.GREEDY)


@dataclass(frozen=True)
class EpsilonGreedy(Plain):
    """Explore with probability `epsilon` at every step; a number, or one that changes such as linear(end=.01)."""

    epsilon: Number = 0.1

    def __post_init__(self) -> None:
        _ = self.rule  # it checks

    @property
    def rule(self) -> Explore:
        """Its rate is epsilon."""
        return coded(rules.EPSILON_GREEDY, rate(self.epsilon, "epsilon", 0, 1))


@dataclass(frozen=True)
class EpsilonFirst(Plain):
    """Explore for the first `explore` steps, then be greedy."""

    explore: int = 100

    def __post_init__(self) -> None:
        _require(self.explore >= 0, f"explore must be a number of steps, at least 0, not {self.explore}")

    @property
    def rule(self) -> Explore:
        """(explore,)."""
        return coded(rules.EPSILON_FIRST, _NEVER, self.explore)


@dataclass(frozen=True)
class EpsilonFirstSoftmax(Plain):
    """Explore for the first `explore` steps, then draw by the Boltzmann distribution at `temperature`."""

    explore: int = 100
    temperature: Number = 0.1

    def __post_init__(self) -> None:
        _require(self.explore >= 0, f"explore must be a number of steps, at least 0, not {self.explore}")
        _ = self.rule  # it checks

    @property
    def rule(self) -> Explore:
        """Its rate is the temperature; (explore,)."""
        return coded(rules.EPSILON_FIRST_SOFTMAX, positive_rate(self.temperature, "temperature"), self.explore)


@dataclass(frozen=True)
class Softmax(Plain):
    """Draw by the Boltzmann distribution at `temperature`."""

    temperature: Number = 0.1

    def __post_init__(self) -> None:
        _ = self.rule  # it checks

    @property
    def rule(self) -> Explore:
        """Its rate is the temperature."""
        return coded(rules.SOFTMAX, positive_rate(self.temperature, "temperature"))


@dataclass(frozen=True)
class UCB(Plain):
    """Optimism by an upper confidence bound of width `c`; c = √2 is UCB1."""

    c: float = math.sqrt(2)

    def __post_init__(self) -> None:
        _require(0 <= self.c < math.inf, f"c must be at least 0, not {self.c}")

    @property
    def rule(self) -> Explore:
        """(c,)."""
        return coded(rules.UCB, _NEVER, self.c)


def strategy(spec: Spec) -> Strategy:
    """The strategy that `spec` names, such as ucb(c=2). Raises `UserError`."""
    config = find("strategy", spec.name).load()
    return cast(Strategy, fill(config, spec.mapping, spec.name))
