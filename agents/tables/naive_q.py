"""Naive Q: Q-learning that never explores, to show what exploring is worth.

    a = argmax_a Q(s, a);  Q(s, a) ← Q(s, a) + α [r + γ max_a' Q(s', a') − Q(s, a)]     (Sutton & Barto 2018, eq. 6.8)

Details: ties are broken at random, so it wanders until something pays; with first estimates above all rewards
(`initial`) it tries everything, which is optimism, the one way in which it explores (section 2.6).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number
from daedalus.agents.exploring.strategies import Greedy, Strategy

from .config import TableConfig
from .learner import TableLearner
from .loop import chosen
from .method import Method, one_step
from .q_learning import learn, run

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@dataclass(frozen=True)
class NaiveConfig:
    """`TableConfig` without exploration."""

    alpha: Number = 0.1
    gamma: float = 0.99
    initial: float = 0.0

    def __post_init__(self) -> None:
        TableConfig(self.alpha, self.gamma, initial=self.initial)  # it checks

    def strategy(self) -> Strategy:
        """None but greed."""
        return Greedy()


METHOD = Method("naive_q", one_step, chosen, learn, run)


@final
class NaiveQ(TableLearner):
    """Q-learning that always takes an action of highest value. Sutton & Barto 2018, eq. 6.8."""

    config_class = NaiveConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        initial: float = 0.0,
    ) -> None:
        super().__init__(env, seed, {"alpha": alpha, "gamma": gamma, "initial": initial})
