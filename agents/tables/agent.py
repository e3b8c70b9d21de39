"""One table learner for interactive loops: the compiled rules, a step at a time, on one slot of a population."""

import math
from typing import Any

import numpy as np

from daedalus.agents.interface import Metrics, Step
from daedalus.agents.memory import Memory
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key

from .loop import Move, Population, finish
from .method import Method
from .population import empty_log, flat, rule_of


class TableAgent:
    """An `Agent` whose observations and actions are indices, and whose memory is slot `slot` of `memory`.

    With the same seed and world it learns the same, bit for bit, as the compiled loop.
    """

    def __init__(self, method: Method, config: Any, memory: Memory, slot: int, seed: int) -> None:
        self.now: Population = memory.now
        self.log = empty_log(len(self.now.t), 0)
        self._method, self._rule = method, rule_of(method, config)
        self._slot = slot
        self._i: Any = np.uint32(slot)
        self._keys = np.uint64(stream_key(seed, "policy")), np.uint64(stream_key(seed, "learning"))
        self._flat_now, self._flat_own = flat(self.now, memory.own)
        self._base = slot * self.now.q.shape[1]
        self._scratch = np.empty(self.now.q.shape[2])

    @property
    def step(self) -> int:
        """Steps learnt from so far."""
        return int(self.now.t[self._slot])

    def begin(self, obs: int) -> None:
        """Begin an episode: what was chosen ahead and carried along in another is forgotten."""
        self._method.forget(self._flat_own, self._i)
        self.now.action[self._slot] = -1
        self.now.state[self._slot] = obs
        self.now.before[self._slot] -= self.now.ret[self._slot]  # it was paid, though its episode never ended
        self.now.began[self._slot] = self.now.t[self._slot]
        self.now.ret[self._slot] = 0.0

    def act(self, obs: int) -> int:
        """The action of this decision; asking twice gives it twice."""
        i = self._slot
        ahead = int(self.now.action[i])
        if ahead >= 0:
            return ahead
        row = np.uint64(self._base + obs)
        return self.choose(row, self._keys[0], int(self.now.t[i]))

    def choose(self, row: np.uint64, key: np.uint64, t: int) -> int:
        """What it would choose in a row of the flat tables, with that stream, at decision t."""
        return int(self._method.decide(self._rule, self._flat_now, self._flat_own, self._i, row, key, t))

    def greedy(self, obs: int) -> int:
        """The action of highest value, the lowest among ties."""
        return int(self.now.q[self._slot, obs].argmax())

    def update(self, step: Step) -> Metrics:
        """Learn from one step; "change" is by how much the value it is about moved. Raises `UserError` for NaN."""
        now, i, state, state_next = self.now, self._slot, int(step.obs), int(step.next_obs)
        action, reward, t = int(step.action), float(step.reward), int(now.t[i])
        if not math.isfinite(reward):
            raise UserError(f"the environment paid a reward of {reward} at step {t}; rewards must be finite numbers")
        entry = i, state, 0 if self._method.of_states else action
        before = now.q[entry]
        now.ret[i] += reward
        move = self._move(state, action, reward, state_next, bool(step.terminated), step.ended, t)
        now.action[i] = self._method.learn(self._rule, self._flat_now, self._flat_own, move)
        now.state[i] = state_next
        now.t[i] += 1
        now.recent_steps[i] += 1
        if step.ended:
            finish(now, self.log, i, t + 1)
        return {"change": float(now.q[entry] - before)}

    def _move(
        self, state: int, action: int, reward: float, state_next: int, terminated: bool, ended: bool, t: int
    ) -> Move:
        """The step in the loop's own types, so that what is compiled for the loop serves here too."""
        places = np.uint64(self._base + state), np.uint64(self._base + state_next)
        seen = self._i, np.int64(state), np.uint32(action), reward, np.int64(state_next), *places
        return Move._make((*seen, terminated, ended, t, *self._keys, self._scratch))
