"""N bandit learners, each with its own arms, run as one."""

from collections.abc import Sequence

import numpy as np

from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats
from daedalus.core.lab.experiment import Columns
from daedalus.core.pulls import arms_of
from daedalus.core.rng import stream_keys
from daedalus.core.world import Bandit

from .config import BanditSettings, bandit_rule
from .loop import TURNS, BanditPopulation, Truth, Turn, run_bandits


class BanditRuns:
    """Learners of one strategy, one per seed and bandit; the bandits share all but their means and spreads.

    An `informed` strategy goes by the arms' true means of the moment instead of what it learns.
    """

    def __init__(
        self, bandits: Sequence[Bandit], config: BanditSettings, seeds: Sequence[int], informed: bool = False
    ) -> None:
        self.rule = bandit_rule(config)
        self._arms = arms_of(bandits)
        self.means = self._arms.means[:, 0].copy()  # (N, A), the true ones of the next pull
        best, average = self.means.max(axis=1), self.means.mean(axis=1)
        self._truth = Truth(best, average, self.means, best.copy(), average.copy())
        self._turn = Turn(
            np.empty((TURNS, bandits[0].arms)), np.empty(TURNS, np.int64), np.empty(TURNS), np.empty(TURNS)
        )
        self._keys = stream_keys(seeds, "world"), stream_keys(seeds, "drift"), stream_keys(seeds, "policy")
        self.memory = fresh_bandits(len(seeds), bandits[0].arms, config)
        self.now: BanditPopulation = self.memory.now
        self._judged = self.means if informed else self.now.q

    @property
    def step(self) -> int:
        """How many pulls every run has made."""
        return int(self.now.t[0])

    @property
    def spread(self) -> Floats:
        """The spread of each arm's rewards as its law reads it, (N, A)."""
        return self._arms.spread

    def run(self, until: int) -> None:
        """Move every run on to pull `until`."""
        steps = until - self.step
        run_bandits(self.rule, self._arms, self._truth, self._judged, self.now, *self._keys, steps, self._turn)

    def forget(self) -> None:
        """Nothing is carried along: the whole run is one episode."""

    def value(self) -> Floats:
        """The mean reward per pull so far, (N,)."""
        return self.now.total / self.now.t

    def regret(self) -> Floats:
        """The mean pseudo-regret per pull so far, (N,): how far the pulled arm's true mean lay below the best."""
        return self.now.regret / self.now.t

    def optimum(self) -> Floats:
        """The best true mean of the moment, averaged over the pulls so far, (N,)."""
        return self._truth.best_at_first + self.now.raised / self.now.t

    def random_value(self) -> Floats:
        """The average of all arms' true means, averaged over the pulls so far, (N,)."""
        return self._truth.average_at_first + self.now.lifted / self.now.t

    def summary(self) -> tuple[Floats, Floats]:
        """The mean reward and the share of optimal pulls since the last call, (N,) each."""
        now = self.now
        result = now.rewards / now.recent, now.optimal / now.recent
        for sums in (now.recent, now.rewards, now.optimal):
            sums[:] = 0
        return result

    def arrays(self) -> Columns:
        """All state, for a snapshot."""
        return self.memory.copy()

    def restore(self, arrays: Columns) -> None:
        """Take up the state that `arrays` returned. Raises `UserError` where these are no such state."""
        self.memory.take_up(arrays)
        self.run(self.step)  # only to look at the true means


def fresh_bandits(runs: int, arms: int, config: BanditSettings) -> Memory:
    """The memory of N learners that have pulled nothing."""
    now = BanditPopulation(
        t=np.zeros(runs, np.int64),
        q=np.full((runs, arms), config.initial),
        pulls=np.zeros((runs, arms), np.int64),
        memory=np.zeros((runs, config.memory(arms))),
        walk=np.zeros((runs, arms)),
        total=np.zeros(runs),
        regret=np.zeros(runs),
        raised=np.zeros(runs),
        lifted=np.zeros(runs),
        recent=np.zeros(runs, np.int64),
        rewards=np.zeros(runs),
        optimal=np.zeros(runs, np.int64),
    )
    return Memory(now)
