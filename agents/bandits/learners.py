"""Bandit learners that go by their estimates.

Details: estimates are means of rewards and start at 0, unless `alpha` and `initial` say otherwise; ties are broken at
random; each class is a strategy of `exploring/strategies.py` made a learner.
"""

from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number

from .config import (
    AVERAGE,
    EpsilonFirstConfig,
    EpsilonFirstSoftmaxConfig,
    EpsilonGreedyConfig,
    GreedyConfig,
    OptimisticConfig,
    SoftmaxConfig,
)
from .learner import BanditLearner

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@final
class Greedy(BanditLearner):
    """Always pulls an arm of highest estimate."""

    config_class = GreedyConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"initial": initial, "alpha": alpha})


@final
class Optimistic(BanditLearner):
    """Greedy from estimates that begin too high, so that every arm disappoints. Sutton & Barto 2018, section 2.6."""

    config_class = OptimisticConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        initial: float = 5.0,
        alpha: Number | str = 0.1,
    ) -> None:
        super().__init__(env, seed, {"initial": initial, "alpha": alpha})


@final
class EpsilonGreedy(BanditLearner):
    """Explores with probability `epsilon`. Sutton & Barto 2018, section 2.2."""

    config_class = EpsilonGreedyConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        epsilon: Number | str = 0.1,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"epsilon": epsilon, "initial": initial, "alpha": alpha})


@final
class EpsilonFirst(BanditLearner):
    """Explores for the first `explore` pulls, then is greedy."""

    config_class = EpsilonFirstConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        explore: int = 100,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"explore": explore, "initial": initial, "alpha": alpha})


@final
class EpsilonFirstSoftmax(BanditLearner):
    """Explores for the first `explore` pulls, then draws by the Boltzmann distribution."""

    config_class = EpsilonFirstSoftmaxConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        explore: int = 100,
        temperature: Number | str = 0.1,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(
            env, seed, {"explore": explore, "temperature": temperature, "initial": initial, "alpha": alpha}
        )


@final
class Softmax(BanditLearner):
    """Draws by the Boltzmann distribution at `temperature`. Sutton & Barto 2018, eq. 2.11."""

    config_class = SoftmaxConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        temperature: Number | str = 0.1,
        initial: float = 0.0,
        alpha: Number | str = AVERAGE,
    ) -> None:
        super().__init__(env, seed, {"temperature": temperature, "initial": initial, "alpha": alpha})
