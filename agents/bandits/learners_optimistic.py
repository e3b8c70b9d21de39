"""Bandit learners that pull the arm of highest upper confidence bound.

Details: an arm never pulled comes first; ties are broken at random; estimates are means of rewards unless `alpha` and
`initial` say otherwise. The two that forget go by their own fading means, `greedy` and `predict` included, while `q`
stays the mean of all rewards. Each class is a strategy of `exploring/optimistic.py` made a learner.
"""

import math
from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number

from .config import (
    AVERAGE,
    DiscountedUCBConfig,
    KLUCBConfig,
    KLUCBGaussianConfig,
    MOSSConfig,
    SlidingUCBConfig,
    UCBConfig,
    UCBTunedConfig,
)
from .learner import BanditLearner

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@final
class UCB(BanditLearner):
    """Pulls the arm of highest upper confidence bound; c = √2 is UCB1. Auer, Cesa-Bianchi & Fischer 2002."""

    config_class = UCBConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        c: float = math.sqrt(2),
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"c": c, "initial": initial, "alpha": alpha})


@final
class UCBTuned(BanditLearner):
    """UCB whose widths shrink with measured variances. Auer, Cesa-Bianchi & Fischer 2002, section 4."""

    config_class = UCBTunedConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        width: float = 1.0,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"width": width, "initial": initial, "alpha": alpha})


@final
class KLUCB(BanditLearner):
    """The bound of the Bernoulli divergence, for rewards in [low, high]. Garivier & Cappé 2011."""

    config_class = KLUCBConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        c: float = 0.0,
        low: float = 0.0,
        high: float = 1.0,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"c": c, "low": low, "high": high, "initial": initial, "alpha": alpha})


@final
class KLUCBGaussian(BanditLearner):
    """The bound of the Gaussian divergence, for a known noise. Cappé et al. 2013."""

    config_class = KLUCBGaussianConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        c: float = 0.0,
        noise: float = 1.0,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"c": c, "noise": noise, "initial": initial, "alpha": alpha})


@final
class MOSS(BanditLearner):
    """Minimax optimal bounds. Audibert & Bubeck 2009; without a horizon, Degenne & Perchet 2016."""

    config_class = MOSSConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        horizon: int | None = None,
        width: float = 1.0,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"horizon": horizon, "width": width, "initial": initial, "alpha": alpha})


@final
class DiscountedUCB(BanditLearner):
    """UCB by means that fade, for drifting arms. Garivier & Moulines 2011."""

    config_class = DiscountedUCBConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        discount: float = 0.99,
        xi: float = 0.5,
        width: float = 1.0,
    ) -> None:
        super().__init__(env, seed, {"discount": discount, "xi": xi, "width": width})


@final
class SlidingUCB(BanditLearner):
    """UCB by the last `window` rewards, for arms that switch. Garivier & Moulines 2011."""

    config_class = SlidingUCBConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        window: int = 200,
        xi: float = 0.5,
        width: float = 1.0,
    ) -> None:
        super().__init__(env, seed, {"window": window, "xi": xi, "width": width})
