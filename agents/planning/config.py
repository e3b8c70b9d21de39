"""The settings of those who plan."""

import math
from dataclasses import dataclass
from typing import ClassVar

from daedalus.agents.exploring.strategies import Greedy, Strategy
from daedalus.core.errors import UserError


@dataclass(frozen=True)
class ValueIterationConfig:
    """Discount, and when it stops: after so many sweeps, or when no value moved by more than the tolerance."""

    gamma: float = 0.99  # in [0, 1]
    sweeps: int = 1000
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        check_gamma(self.gamma)
        if self.sweeps < 1:
            raise UserError(f"sweeps must be at least 1, not {self.sweeps}")
        if not 0 <= self.tolerance < math.inf:
            raise UserError(f"tolerance must be at least 0 and finite, not {self.tolerance}")


@dataclass(frozen=True)
class PolicyIterationConfig(ValueIterationConfig):
    """The sweeps are those of each evaluation of a policy; `rounds` of improvement at most."""

    rounds: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rounds < 1:
            raise UserError(f"rounds must be at least 1, not {self.rounds}")


@dataclass(frozen=True)
class UCTConfig:
    """How many games are imagined before each action, how boldly, how far, and at what discount."""

    simulations: int = 100
    c: float = math.sqrt(2)  # of the bonus, in units of the range of the returns met in the search
    depth: int = 100  # steps of an imagined game at most
    gamma: float = 0.99  # in [0, 1]
    initial: ClassVar[float] = 0.0  # what the table shows before the first search

    def __post_init__(self) -> None:
        check_gamma(self.gamma)
        for name, number, most in (("simulations", self.simulations, 10_000_000), ("depth", self.depth, 1_000_000)):
            if not 1 <= number <= most:
                raise UserError(f"{name} must be from 1 to {most:,}, not {number}")
        if not 0 <= self.c < math.inf:
            raise UserError(f"c must be at least 0 and finite, not {self.c}")

    def strategy(self) -> Strategy:
        """A table asks its strategy what it remembers; one who searches anew each time remembers nothing."""
        return Greedy()


def check_gamma(gamma: float) -> None:
    """Raise `UserError` where γ lies outside [0, 1]."""
    if not 0 <= gamma <= 1:
        raise UserError(f"gamma must lie in [0, 1], not {gamma}")
