"""Bandit learners that draw the arm: Thompson sampling, gradient bandit, EXP3.

Details: `q` is the mean of each arm's rewards. None of these goes by it, so neither do `greedy` and `predict`: they
take the arm of highest posterior mean, preference, or of lowest estimated loss (`exploring.rules.scores`). Each class
is a strategy of `exploring/randomised.py` made a learner.
"""

from typing import TYPE_CHECKING, final

from .config import (
    DiscountedThompsonConfig,
    EXP3Config,
    GradientConfig,
    SlidingThompsonConfig,
    ThompsonBetaConfig,
    ThompsonGaussianConfig,
)
from .learner import BanditLearner

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@final
class ThompsonBeta(BanditLearner):
    """Thompson sampling for rewards in [low, high]. Agrawal & Goyal 2012."""

    config_class = ThompsonBetaConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        prior: float = 1.0,
        low: float = 0.0,
        high: float = 1.0,
    ) -> None:
        super().__init__(env, seed, {"prior": prior, "low": low, "high": high})


@final
class ThompsonGaussian(BanditLearner):
    """Thompson sampling for a known noise; a prior N(mean, spread²). Agrawal & Goyal 2013."""

    config_class = ThompsonGaussianConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        noise: float = 1.0,
        mean: float = 0.0,
        spread: float = 1.0,
    ) -> None:
        super().__init__(env, seed, {"noise": noise, "mean": mean, "spread": spread})


@final
class DiscountedThompson(BanditLearner):
    """Thompson sampling that fades, for drifting arms. Raj & Kalyani 2017."""

    config_class = DiscountedThompsonConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        prior: float = 1.0,
        low: float = 0.0,
        high: float = 1.0,
        discount: float = 0.99,
    ) -> None:
        super().__init__(env, seed, {"prior": prior, "low": low, "high": high, "discount": discount})


@final
class SlidingThompson(BanditLearner):
    """Thompson sampling by the last `window` rewards, for arms that switch. Trovò et al. 2020."""

    config_class = SlidingThompsonConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        prior: float = 1.0,
        low: float = 0.0,
        high: float = 1.0,
        window: int = 200,
    ) -> None:
        super().__init__(env, seed, {"prior": prior, "low": low, "high": high, "window": window})


@final
class Gradient(BanditLearner):
    """Preferences that climb the mean reward. Sutton & Barto 2018, section 2.8."""

    config_class = GradientConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: float = 0.1,
        baseline: bool = True,
    ) -> None:
        super().__init__(env, seed, {"alpha": alpha, "baseline": baseline})


@final
class EXP3(BanditLearner):
    """Exponential weights, against an adversary. Bubeck & Cesa-Bianchi 2012; with gamma, Auer et al. 2002."""

    config_class = EXP3Config

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        gamma: float | None = None,
        low: float = 0.0,
        high: float = 1.0,
    ) -> None:
        super().__init__(env, seed, {"gamma": gamma, "low": low, "high": high})
