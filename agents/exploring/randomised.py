"""Randomised strategies as values: Thompson sampling (`posteriors.py`), gradient bandit and EXP3 (`weights.py`)."""

from dataclasses import dataclass

from . import basics
from .basics import Explore
from .forgetting import kept
from .optimistic import discounted, windowed
from .strategies import NEVER, Plain, coded, finite, interval, positive, require


@dataclass(frozen=True)
class ThompsonBeta:
    """Thompson sampling for samples in [low, high]: each action's chance of a success is Beta, at first (prior, prior).

    A sample in between counts as that fraction of a success and the rest of a failure: what the coin that Agrawal &
    Goyal 2012 toss for it gives on average.
    """

    prior: float = 1.0
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        positive(prior=self.prior)
        interval(self.low, self.high)

    @property
    def rule(self) -> Explore:
        """(low, high, prior, discount 1, window 0)."""
        return coded(basics.THOMPSON_BETA, NEVER, self.low, self.high, self.prior, 1)

    def memory(self, actions: int) -> int:
        """Successes and counts."""
        return kept(actions, 0)


@dataclass(frozen=True)
class ThompsonGaussian(Plain):
    """Thompson sampling for samples of a known standard deviation `noise`; the prior of a mean is N(mean, spread²)."""

    noise: float = 1.0
    mean: float = 0.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        positive(noise=self.noise, spread=self.spread)
        finite(mean=self.mean)

    @property
    def rule(self) -> Explore:
        """(noise, mean, spread)."""
        return coded(basics.THOMPSON_GAUSSIAN, NEVER, self.noise, self.mean, self.spread)


@dataclass(frozen=True)
class DiscountedThompson(ThompsonBeta):
    """Thompson sampling whose successes and failures fade by `discount`: for drifting arms. Raj & Kalyani 2017."""

    discount: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        discounted(self.discount)

    @property
    def rule(self) -> Explore:
        """(low, high, prior, discount, window 0)."""
        return coded(basics.THOMPSON_BETA, NEVER, self.low, self.high, self.prior, self.discount)


@dataclass(frozen=True)
class SlidingThompson(ThompsonBeta):
    """Thompson sampling by the last `window` samples: for arms that switch. Trovò et al. 2020."""

    window: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        windowed(self.window)

    @property
    def rule(self) -> Explore:
        """(low, high, prior, -, window)."""
        return coded(basics.THOMPSON_BETA, NEVER, self.low, self.high, self.prior, 1, self.window)

    def memory(self, actions: int) -> int:
        """Successes, counts and the last samples."""
        return kept(actions, self.window)


@dataclass(frozen=True)
class Gradient:
    """The gradient bandit: preferences that climb the mean sample by steps of `alpha`.

    With a baseline, samples are compared with their mean so far. Sutton & Barto 2018, section 2.8.
    """

    alpha: float = 0.1
    baseline: bool = True

    def __post_init__(self) -> None:
        positive(alpha=self.alpha)

    @property
    def rule(self) -> Explore:
        """(alpha, baseline)."""
        return coded(basics.GRADIENT, NEVER, self.alpha, self.baseline)

    def memory(self, actions: int) -> int:
        """Preferences, the mean sample and how many."""
        return actions + 2


@dataclass(frozen=True)
class EXP3:
    """Exponential weights of estimated losses, for samples in [low, high] that even an adversary may choose.

    A sample's loss is how far it lies below `high`, in lengths of the interval. The rate is √(ln A / (A·t)) at decision
    t (of a table: of that state), Bubeck & Cesa-Bianchi 2012; or with `gamma`, γ / A, and a share γ of all decisions
    explores evenly, Auer et al. 2002, who write it for gains.
    """

    gamma: float | None = None
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        require(self.gamma is None or 0 < self.gamma <= 1, f"gamma must lie in (0, 1], or be none, not {self.gamma}")
        interval(self.low, self.high)

    @property
    def rule(self) -> Explore:
        """(low, high, gamma or 0)."""
        return coded(basics.EXP3, NEVER, self.low, self.high, self.gamma or 0)

    def memory(self, actions: int) -> int:
        """Estimated losses."""
        return actions
