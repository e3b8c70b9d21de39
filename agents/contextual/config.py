"""The settings of linear bandit learners."""

import math
from dataclasses import dataclass
from typing import Protocol

from daedalus.core.errors import UserError

from .rules import LinearRule


class LinearSettings(Protocol):
    """What every linear bandit learner is told."""

    @property
    def ridge(self) -> float:
        """λ, by which weights are held near 0."""
        ...

    @property
    def rule(self) -> LinearRule:
        """How to choose, as compiled code sees it."""
        ...


def _check(name: str, width: float, ridge: float) -> None:
    if not 0 <= width < math.inf:
        raise UserError(f"{name} must be at least 0 and finite, not {width}")
    if not 0 < ridge < math.inf:
        raise UserError(f"ridge must be above 0, not {ridge}")


@dataclass(frozen=True)
class LinUCBConfig:
    """The width of the bounds and the ridge. Of rewards with noise σ, α = σ√(2 ln T) is on the safe side."""

    alpha: float = 1.0
    ridge: float = 1.0

    def __post_init__(self) -> None:
        _check("alpha", self.alpha, self.ridge)

    @property
    def rule(self) -> LinearRule:
        """An upper bound."""
        return LinearRule(False, float(self.alpha))


@dataclass(frozen=True)
class LinThompsonConfig:
    """The width v of the posterior and the ridge: v is the noise σ, and the prior of each weight N(0, v² / ridge)."""

    v: float = 1.0
    ridge: float = 1.0

    def __post_init__(self) -> None:
        _check("v", self.v, self.ridge)

    @property
    def rule(self) -> LinearRule:
        """A draw."""
        return LinearRule(True, float(self.v))
