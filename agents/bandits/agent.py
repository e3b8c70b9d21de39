"""One bandit learner for interactive loops: the compiled rules, a pull at a time, on one slot of a population."""

import math

import numpy as np

from daedalus.agents.exploring.rules import choose, scores
from daedalus.agents.interface import Metrics, Step
from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key

from .config import BanditSettings, bandit_rule
from .loop import BanditPopulation, learn_pull


class BanditAgent:
    """An `Agent` that ignores what it observes, and whose memory is slot `slot` of `memory`."""

    def __init__(self, config: BanditSettings, memory: Memory, slot: int, seed: int) -> None:
        self.now: BanditPopulation = memory.now
        self._rule = bandit_rule(config)
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
        return self.choose(self._key, self.step)

    def choose(self, key: np.uint64, t: int) -> int:
        """The arm it would pull with that stream at decision t."""
        now = self.now
        return int(choose(self._rule.explore, now.q, now.pulls, now.memory, self._slot, key, t))

    def greedy(self, obs: int) -> int:
        """The arm of highest score, the lowest among ties."""
        return int(self.scores().argmax())

    def scores(self) -> Floats:
        """What the strategy holds of each arm, (A,): estimates, preferences… as `exploring.rules.scores` tells."""
        now = self.now
        out = np.empty(now.q.shape[1])
        scores(self._rule.explore, now.q, now.pulls, now.memory, self._slot, out)
        return out

    def update(self, step: Step) -> Metrics:
        """Learn from one pull; "change" is by how much its estimate moved. Raises `UserError` for a reward of NaN."""
        now, i, arm, reward = self.now, self._slot, int(step.action), float(step.reward)
        if not math.isfinite(reward):
            raise UserError(f"the arm paid a reward of {reward} at pull {self.step}; rewards must be finite numbers")
        before = now.q[i, arm]
        learn_pull(self._rule, now, i, arm, reward, int(now.t[i]))
        now.t[i] += 1
        now.recent[i] += 1
        now.total[i] += reward
        now.rewards[i] += reward
        return {"change": float(now.q[i, arm] - before)}
