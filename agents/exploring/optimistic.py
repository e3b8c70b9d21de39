"""Optimism as values: the strategies that take the action of highest upper confidence bound (`bounds.py`)."""

import math
from dataclasses import dataclass

from . import basics
from .basics import Explore
from .forgetting import kept
from .strategies import NEVER, Plain, coded, interval, positive, require


@dataclass(frozen=True)
class UCB(Plain):
    """Optimism by an upper confidence bound of width `c`; c = √2 is UCB1, for samples in [0, 1]."""

    c: float = math.sqrt(2)

    def __post_init__(self) -> None:
        require(0 <= self.c < math.inf, f"c must be at least 0, not {self.c}")

    @property
    def rule(self) -> Explore:
        """(c,)."""
        return coded(basics.UCB, NEVER, self.c)


@dataclass(frozen=True)
class UCBTuned:
    """UCB1 whose widths shrink with each action's measured variance, for samples in an interval of length `width`."""

    width: float = 1.0

    def __post_init__(self) -> None:
        positive(width=self.width)

    @property
    def rule(self) -> Explore:
        """(width,)."""
        return coded(basics.UCB_TUNED, NEVER, self.width)

    def memory(self, actions: int) -> int:
        """Count, mean and sum of squares of each action's samples."""
        return 3 * actions


@dataclass(frozen=True)
class KLUCB(Plain):
    """The bound that the Bernoulli divergence allows, for samples in [low, high]; asymptotically optimal for 0 and 1.

    The level is ln N + c·ln ln N; the theory asks for c = 3, practice for 0. Garivier & Cappé 2011.
    """

    c: float = 0.0
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        require(0 <= self.c < math.inf, f"c must be at least 0, not {self.c}")
        interval(self.low, self.high)

    @property
    def rule(self) -> Explore:
        """(c, low, high)."""
        return coded(basics.KL_UCB, NEVER, self.c, self.low, self.high)


@dataclass(frozen=True)
class KLUCBGaussian(Plain):
    """The bound that the Gaussian divergence allows: q + noise·√(2 (ln N + c·ln ln N) / n).

    For samples of a known standard deviation `noise`. Cappé, Garivier, Maillard, Munos & Stoltz 2013.
    """

    c: float = 0.0
    noise: float = 1.0

    def __post_init__(self) -> None:
        require(0 <= self.c < math.inf, f"c must be at least 0, not {self.c}")
        positive(noise=self.noise)

    @property
    def rule(self) -> Explore:
        """(noise, c)."""
        return coded(basics.KL_UCB_GAUSSIAN, NEVER, self.noise, self.c)


@dataclass(frozen=True)
class MOSS(Plain):
    """Minimax optimal: bounds that only actions tried less than their share have.

    For samples in an interval of length `width`. `horizon` is the number of decisions (of a table: in each state) that
    are to come in all, Audibert & Bubeck 2009; without one it is anytime, Degenne & Perchet 2016.
    """

    horizon: int | None = None
    width: float = 1.0

    def __post_init__(self) -> None:
        require(self.horizon is None or self.horizon > 0, f"horizon must be at least 1, not {self.horizon}")
        positive(width=self.width)

    @property
    def rule(self) -> Explore:
        """(horizon or 0, width)."""
        return coded(basics.MOSS, NEVER, self.horizon or 0, self.width)


def discounted(discount: float) -> None:
    """Refuse what is no discount. Raises `UserError`."""
    require(0 < discount <= 1, f"discount must lie in (0, 1], not {discount}")


def windowed(window: int) -> None:
    """Refuse what is no window. Raises `UserError`."""
    require(1 <= window <= 10**6, f"window must be a number of samples, at least 1 and at most a million, not {window}")


@dataclass(frozen=True)
class DiscountedUCB:
    """UCB by means that fade by `discount` with every decision: for drifting arms.

    For samples in an interval of length `width`; c = 2·width·√xi. It goes by what it remembers of its samples, not by
    the estimates. Garivier & Moulines 2011.
    """

    discount: float = 0.99
    xi: float = 0.5
    width: float = 1.0

    def __post_init__(self) -> None:
        discounted(self.discount)
        positive(xi=self.xi, width=self.width)

    @property
    def rule(self) -> Explore:
        """(c, -, -, discount, 0)."""
        return coded(basics.FORGETFUL_UCB, NEVER, 2 * self.width * math.sqrt(self.xi), 0, 0, self.discount)

    def memory(self, actions: int) -> int:
        """Sums and counts."""
        return kept(actions, 0)


@dataclass(frozen=True)
class SlidingUCB:
    """UCB by the means of the last `window` samples: for arms that switch.

    For samples in an interval of length `width`; c = width·√xi. It goes by what it remembers of its samples, not by
    the estimates. Garivier & Moulines 2011.
    """

    window: int = 200
    xi: float = 0.5
    width: float = 1.0

    def __post_init__(self) -> None:
        windowed(self.window)
        positive(xi=self.xi, width=self.width)

    @property
    def rule(self) -> Explore:
        """(c, -, -, -, window)."""
        return coded(basics.FORGETFUL_UCB, NEVER, self.width * math.sqrt(self.xi), 0, 0, 1, self.window)

    def memory(self, actions: int) -> int:
        """Sums, counts and the last samples."""
        return kept(actions, self.window)
