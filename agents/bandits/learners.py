"""Bandit learners: an estimate for each arm, and a strategy that chooses the arm.

Details: estimates are means of rewards and start at 0, unless `alpha` and `initial` say otherwise; ties are broken at
random; each class is a strategy of `exploring/strategies.py` made a learner.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np

from daedalus.agents.exploring.rates import Number
from daedalus.agents.face import Body, Face
from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, Schedule, World

from .agent import BanditAgent
from .config import (
    AVERAGE,
    EpsilonFirstConfig,
    EpsilonFirstSoftmaxConfig,
    EpsilonGreedyConfig,
    GreedyConfig,
    SoftmaxConfig,
    UCBConfig,
)
from .population import BanditRuns, fresh_bandits

if TYPE_CHECKING:
    from daedalus.agents.face import Home, Place


class BanditLearner(Face):
    """A learner of one estimate per arm. Final classes name its strategy by its config."""

    @property
    def q(self) -> Floats:
        """Estimates of the arms, (A,)."""
        q, _ = self._rows()
        return q.reshape(-1)

    @property
    def pulls(self) -> Ints:
        """How often each arm was pulled, (A,)."""
        _, pulls = self._rows()
        return pulls.reshape(-1)

    def _embody(self, where: "Home") -> Body:
        if isinstance(where, Bandit):
            runs = BanditRuns([where], self.config, [self.seed])
            return Body(runs.memory, runs, None)
        from daedalus.agents.interaction import Interaction, offsets, table_shape

        if isinstance(where, World | Schedule):
            name = where.name
        else:
            name = where.spec.id if where.spec else type(where).__name__
        if isinstance(where, World | Schedule) or table_shape(where, name)[0] != 1:
            raise UserError(f"a bandit strategy sees no states, and {name} has some; take q_learning or sb3/* there")
        memory = fresh_bandits(1, table_shape(where, name)[1], self.config)
        agent = BanditAgent(self.config, memory, 0, self.seed)
        return Body(memory, Interaction(where, agent, self.seed), None, offsets(where))

    def _rows(self) -> tuple[Floats, Ints]:
        return self._memory.now.q, self._memory.now.pulls

    def _row(self, obs: int) -> int:
        return 0

    def _choose(self, row: int, key: np.uint64, t: int) -> int:
        return BanditAgent(self.config, self._memory, 0, self.seed).choose(key, t)

    @classmethod
    def _blank(cls, shapes: Mapping[str, tuple[int, ...]], config: Any) -> Memory:
        shape = shapes.get("q", ())
        if len(shape) != 2 or shape[0] != 1 or 0 in shape:
            raise UserError(f"q has shape {shape}")
        return fresh_bandits(1, shape[1], config)


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
