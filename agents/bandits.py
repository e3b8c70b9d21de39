"""Bandit learners: sample averages of rewards, and a strategy that chooses the arm.

Details: estimates start at 0; ties are broken at random; each class is a strategy of `strategies.py` made a learner.
"""

import math
from typing import TYPE_CHECKING, final

from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, Schedule, World

from . import strategies
from .bandit_agent import BanditAgent
from .bandit_population import BanditRuns, fresh_bandits
from .bandit_rules import BanditPopulation
from .face import Body, Face
from .strategies import Strategy

if TYPE_CHECKING:
    from .face import Home, Place


class BanditLearner(Face):
    """A learner of one estimate per arm. Final classes name its strategy, which is all its config."""

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
            return Body(runs.now, runs, None)
        from .interaction import Interaction, offsets, table_shape

        if isinstance(where, World | Schedule):
            name = where.name
        else:
            name = where.spec.id if where.spec else type(where).__name__
        if isinstance(where, World | Schedule) or table_shape(where, name)[0] != 1:
            raise UserError(f"a bandit strategy sees no states, and {name} has some; take q_learning or sb3/* there")
        now = fresh_bandits(1, table_shape(where, name)[1])
        return Body(
            now, Interaction(where, BanditAgent(self.config, now, 0, self.seed), self.seed), None, offsets(where)
        )

    def _rows(self) -> tuple[Floats, Ints]:
        return self._now.q, self._now.pulls

    def _row(self, obs: int) -> int:
        return 0

    def _strategy(self) -> Strategy:
        config: Strategy = self.config
        return config

    @classmethod
    def _blank(cls, shape: tuple[int, ...]) -> BanditPopulation:
        if len(shape) != 2 or shape[0] != 1 or 0 in shape:
            raise UserError(f"q has shape {shape}")
        return fresh_bandits(1, shape[1])


@final
class Greedy(BanditLearner):
    """Always pulls an arm of highest estimate."""

    config_class = strategies.Greedy

    def __init__(self, env: "Place | str", seed: int = 0) -> None:
        super().__init__(env, seed, {})


@final
class EpsilonGreedy(BanditLearner):
    """Explores with probability `epsilon`. Sutton & Barto 2018, section 2.2."""

    config_class = strategies.EpsilonGreedy

    def __init__(self, env: "Place | str", seed: int = 0, epsilon: float = 0.1) -> None:
        super().__init__(env, seed, {"epsilon": epsilon})


@final
class EpsilonFirst(BanditLearner):
    """Explores for the first `explore` pulls, then is greedy."""

    config_class = strategies.EpsilonFirst

    def __init__(self, env: "Place | str", seed: int = 0, explore: int = 100) -> None:
        super().__init__(env, seed, {"explore": explore})


@final
class EpsilonFirstSoftmax(BanditLearner):
    """Explores for the first `explore` pulls, then draws by the Boltzmann distribution."""

    config_class = strategies.EpsilonFirstSoftmax

    def __init__(self, env: "Place | str", seed: int = 0, explore: int = 100, temperature: float = 0.1) -> None:
        super().__init__(env, seed, {"explore": explore, "temperature": temperature})


@final
class Softmax(BanditLearner):
    """Draws by the Boltzmann distribution at `temperature`. Sutton & Barto 2018, eq. 2.11."""

    config_class = strategies.Softmax

    def __init__(self, env: "Place | str", seed: int = 0, temperature: float = 0.1) -> None:
        super().__init__(env, seed, {"temperature": temperature})


@final
class UCB(BanditLearner):
    """Pulls the arm of highest upper confidence bound; c = √2 is UCB1. Auer, Cesa-Bianchi & Fischer 2002."""

    config_class = strategies.UCB

    def __init__(self, env: "Place | str", seed: int = 0, c: float = math.sqrt(2)) -> None:
        super().__init__(env, seed, {"c": c})
