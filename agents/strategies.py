"""Exploration strategies as values: what a person may choose, checked, with a code and parameters for the rules.

To add a strategy:
1. in `strategy_rules.py`, write its rule and the next code, and add a branch to `choose`; where its action
   probabilities have a closed form, add one to `probabilities` and the code to `CLOSED_FORM`;
2. write its frozen dataclass here: parameters, checks, `code`, `params`;
3. announce it in `entries.py` as a "strategy" and, for bandits, as an "agent" (a short class in `bandits.py`).

Tables then take it as `q_learning:explore=name(…)`; the laws in `tests/agents/test_strategies.py` are parametrised over
the catalogue.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol, cast

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, fill

from . import strategy_rules
from .strategy_rules import Params


class Strategy(Protocol):
    """How to explore: a code and parameters for the compiled rules above."""

    code: ClassVar[int]

    @property
    def params(self) -> Params:
        """The rule's parameters."""
        ...


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise UserError(message)


@dataclass(frozen=True)
class Greedy:
    """Always an action of highest estimate."""

    code: ClassVar[int] = strategy_rules.GREEDY

    @property
    def params(self) -> Params:
        """No parameters."""
        return (0.0, 0.0)


@dataclass(frozen=True)
class EpsilonGreedy:
    """Explore with probability `epsilon` at every step."""

    epsilon: float = 0.1
    code: ClassVar[int] = strategy_rules.EPSILON_GREEDY

    def __post_init__(self) -> None:
        _require(0 <= self.epsilon <= 1, f"epsilon must lie in [0, 1], not {self.epsilon}")

    @property
    def params(self) -> Params:
        """(epsilon, 0)."""
        return (self.epsilon, 0.0)


@dataclass(frozen=True)
class EpsilonFirst:
    """Explore for the first `explore` steps, then be greedy."""

    explore: int = 100
    code: ClassVar[int] = strategy_rules.EPSILON_FIRST

    def __post_init__(self) -> None:
        _require(self.explore >= 0, f"explore must be a number of steps, at least 0, not {self.explore}")

    @property
    def params(self) -> Params:
        """(explore, 0)."""
        return (float(self.explore), 0.0)


@dataclass(frozen=True)
class EpsilonFirstSoftmax:
    """Explore for the first `explore` steps, then draw by the Boltzmann distribution at `temperature`."""

    explore: int = 100
    temperature: float = 0.1
    code: ClassVar[int] = strategy_rules.EPSILON_FIRST_SOFTMAX

    def __post_init__(self) -> None:
        _require(self.explore >= 0, f"explore must be a number of steps, at least 0, not {self.explore}")
        _require(0 < self.temperature < math.inf, f"temperature must be above 0, not {self.temperature}")

    @property
    def params(self) -> Params:
        """(explore, temperature)."""
        return (float(self.explore), self.temperature)


@dataclass(frozen=True)
class Softmax:
    """Draw by the Boltzmann distribution at `temperature`."""

    temperature: float = 0.1
    code: ClassVar[int] = strategy_rules.SOFTMAX

    def __post_init__(self) -> None:
        _require(0 < self.temperature < math.inf, f"temperature must be above 0, not {self.temperature}")

    @property
    def params(self) -> Params:
        """(temperature, 0)."""
        return (self.temperature, 0.0)


@dataclass(frozen=True)
class UCB:
    """Optimism by an upper confidence bound of width `c`; c = √2 is UCB1."""

    c: float = math.sqrt(2)
    code: ClassVar[int] = strategy_rules.UCB

    def __post_init__(self) -> None:
        _require(0 <= self.c < math.inf, f"c must be at least 0, not {self.c}")

    @property
    def params(self) -> Params:
        """(c, 0)."""
        return (self.c, 0.0)


def strategy(spec: Spec) -> Strategy:
    """The strategy that `spec` names, such as ucb(c=2). Raises `UserError`."""
    config = find("strategy", spec.name).load()
    return cast(Strategy, fill(config, spec.mapping, spec.name))
