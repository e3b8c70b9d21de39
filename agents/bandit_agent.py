"""One bandit learner for interactive loops: the compiled rules, a pull at a time, on one slot of a population."""

import numpy as np

from daedalus.core.rng import stream_key

from .bandit_rules import BanditPopulation, learn_pull
from .interface import Metrics, Step
from .strategies import Strategy
from .strategy_rules import choose


class BanditAgent:
    """An `Agent` that ignores what it observes, and whose memory is slot `slot` of `now`."""

    def __init__(self, strategy: Strategy, now: BanditPopulation, slot: int, seed: int) -> None:
        self.now = now
        self._strategy = strategy
        self._slot = slot
        self._key = np.uint64(stream_key(seed, "policy"))

    @property
    def step(self) -> int:
        """Steps learnt from so far."""
        return int(self.now.t[self._slot])

    def begin(self, obs: int) -> None:
        """Begin an episode: nothing is carried over or forgotten."""

    def act(self, obs: int) -> int:
        """The arm of this decision; asking twice gives it twice."""
        now, t = self.now, int(self.now.t[self._slot])
        return int(choose(self._strategy.code, self._strategy.params, now.q, now.pulls, self._slot, self._key, t))

    def greedy(self, obs: int) -> int:
        """The arm of highest estimate, the lowest among ties."""
        return int(self.now.q[self._slot].argmax())

    def update(self, step: Step) -> Metrics:
        """Learn from one pull; "change" is by how much the arm's estimate moved."""
        now, i, arm, reward = self.now, self._slot, int(step.action), float(step.reward)
        before = now.q[i, arm]
        learn_pull(now.q, now.pulls, i, arm, reward)
        now.t[i] += 1
        now.recent[i] += 1
        now.total[i] += reward
        now.rewards[i] += reward
        return {"change": float(now.q[i, arm] - before)}
