"""One table learner for interactive loops: the compiled rules, a step at a time, on one slot of a population."""

import numpy as np

from daedalus.core.rng import stream_key

from .interface import Metrics, Step
from .strategy_rules import choose
from .table_population import empty_log
from .table_rules import Learner, Population, finish, learn


class TableAgent:
    """An `Agent` whose observations and actions are indices, and whose memory is slot `slot` of `now`.

    With the same seed and world it learns the same, bit for bit, as the compiled loop.
    """

    def __init__(self, learner: Learner, now: Population, slot: int, seed: int) -> None:
        self.now = now
        self.log = empty_log(len(now.t), 0)
        self._learner = learner
        self._slot = slot
        self._key = np.uint64(stream_key(seed, "policy"))
        self._q, self._visits = now.q[slot], now.visits[slot]
        self._scratch = np.empty(self._q.shape[1])

    @property
    def step(self) -> int:
        """Steps learnt from so far."""
        return int(self.now.t[self._slot])

    def begin(self, obs: int) -> None:
        """Begin an episode: what was chosen ahead in another is forgotten."""
        self.now.action[self._slot] = -1
        self.now.state[self._slot] = obs
        self.now.length[self._slot] = 0
        self.now.ret[self._slot] = 0.0

    def act(self, obs: int) -> int:
        """The action of this decision; asking twice gives it twice."""
        ahead = int(self.now.action[self._slot])
        if ahead >= 0:
            return ahead
        strategy, params, t = self._learner.strategy, self._learner.params, int(self.now.t[self._slot])
        return int(choose(strategy, params, self._q, self._visits, obs, self._key, t))

    def greedy(self, obs: int) -> int:
        """The action of highest value, the lowest among ties."""
        return int(self._q[obs].argmax())

    def update(self, step: Step) -> Metrics:
        """Learn from one step; "change" is by how much the value of its action moved."""
        now, i, state, state_next = self.now, self._slot, int(step.obs), int(step.next_obs)
        action, reward, t = int(step.action), float(step.reward), int(now.t[i])
        before = self._q[state, action]
        now.action[i] = learn(
            self._learner,
            self._q,
            self._visits,
            state,
            action,
            reward,
            state_next,
            bool(step.terminated),
            step.ended,
            self._key,
            t,
            self._scratch,
        )
        now.state[i] = state_next
        now.t[i] += 1
        now.recent_steps[i] += 1
        now.length[i] += 1
        now.ret[i] += reward
        now.rewards[i] += reward
        if step.ended:
            finish(now, self.log, i, t + 1, float(now.ret[i]), int(now.length[i]))
            now.length[i], now.ret[i] = 0, 0.0
        return {"change": float(self._q[state, action] - before)}
