"""N bandit learners, each with its own arms, run as one."""

from collections.abc import Sequence

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.rng import stream_keys
from daedalus.core.sampling import LAWS
from daedalus.core.world import Bandit

from .bandit_rules import BanditPopulation, run_bandits
from .checked import take_up
from .strategies import Strategy


class BanditRuns:
    """Learners of one strategy, one per seed and bandit; the bandits share a law and a number of arms.

    An `informed` strategy goes by the arms' true means instead of what it learns.
    """

    def __init__(
        self, bandits: Sequence[Bandit], strategy: Strategy, seeds: Sequence[int], informed: bool = False
    ) -> None:
        first = bandits[0]
        if any((other.law, other.arms) != (first.law, first.arms) for other in bandits):
            raise UserError(f"{first.name}: all bandits of a population need one law and one number of arms")
        self.strategy = strategy
        self.means = np.array([bandit.means for bandit in bandits])  # (N, A)
        self._law = LAWS[first.law]
        self._world_keys = stream_keys(seeds, "world")
        self._policy_keys = stream_keys(seeds, "policy")
        self.now = fresh_bandits(len(seeds), first.arms)
        self._judged = self.means if informed else self.now.q

    @property
    def step(self) -> int:
        """How many pulls every run has made."""
        return int(self.now.t[0])

    def run(self, until: int) -> None:
        """Move every run on to pull `until`."""
        code, params, steps = self.strategy.code, self.strategy.params, until - self.step
        keys = self._world_keys, self._policy_keys
        run_bandits(code, params, self._law, self.means, self._judged, self.now, *keys, steps)

    def value(self) -> Floats:
        """The mean reward per pull so far, (N,)."""
        return self.now.total / self.now.t

    def regret(self) -> Floats:
        """The mean pseudo-regret per pull so far, (N,): how far the pulled arms' true means lie below the best."""
        gap = self.means.max(axis=1, keepdims=True) - self.means
        regret: Floats = (gap * self.now.pulls).sum(axis=1) / self.now.t
        return regret

    def summary(self) -> tuple[Floats, Floats]:
        """The mean reward and the share of optimal pulls since the last call, (N,) each."""
        now = self.now
        result = now.rewards / now.recent, now.optimal / now.recent
        for sums in (now.recent, now.rewards, now.optimal):
            sums[:] = 0
        return result

    def arrays(self) -> Columns:
        """All state, for a snapshot."""
        return {name: array.copy() for name, array in self.now._asdict().items()}

    def restore(self, arrays: Columns) -> None:
        """Take up the state that `arrays` returned. Raises `UserError` where these are no such state."""
        take_up(arrays, self.now)


def fresh_bandits(runs: int, arms: int) -> BanditPopulation:
    """N learners that have pulled nothing."""
    return BanditPopulation(
        t=np.zeros(runs, np.int64),
        q=np.zeros((runs, arms)),
        pulls=np.zeros((runs, arms), np.int64),
        total=np.zeros(runs),
        recent=np.zeros(runs, np.int64),
        rewards=np.zeros(runs),
        optimal=np.zeros(runs, np.int64),
    )
