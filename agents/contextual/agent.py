"""One linear bandit learner for interactive loops, and what it makes of an environment's spaces."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.agents.interface import Metrics, Step
from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key

from .config import LinearSettings
from .rules import LinearPopulation, choose_linear, greedy_linear, learn_linear

if TYPE_CHECKING:
    import gymnasium

#: Numbers in the inverses of all learners: 2 GB.
_MOST_NUMBERS = 2**28


class Contexts:
    """How observations become features: those of a Box as they are, the n of a Discrete one-hot.

    Raises `UserError` for other spaces.
    """

    def __init__(self, env: "gymnasium.Env[Any, Any]", name: str) -> None:
        from gymnasium.spaces import Box, Discrete

        seen, taken = env.observation_space, env.action_space
        if not isinstance(seen, Box | Discrete) or not isinstance(taken, Discrete):
            raise UserError(
                f"a linear bandit needs Box or Discrete observations and Discrete actions; {name} shows a "
                f"{type(seen).__name__} and takes a {type(taken).__name__}"
            )
        self.discrete = isinstance(seen, Discrete)
        self.shape: tuple[int, ...] = () if isinstance(seen, Discrete) else seen.shape
        self.first = int(seen.start) if isinstance(seen, Discrete) else 0
        self.features = int(seen.n) if isinstance(seen, Discrete) else math.prod(seen.shape)
        self.actions, self.acted = int(taken.n), int(taken.start)

    def one(self, observation: Any) -> Floats:
        """The features (d,) of an observation."""
        if self.discrete:
            x = np.zeros(self.features)
            x[int(observation) - self.first] = 1.0
            return x
        return np.asarray(observation, dtype=np.float64).reshape(-1)


def fresh_linear(learners: int, actions: int, features: int, ridge: float) -> Memory:
    """The memory of N learners that have seen nothing. Raises `UserError` where it would not fit."""
    if learners * actions * features**2 > _MOST_NUMBERS:
        raise UserError(
            f"a linear bandit keeps a matrix of {features:,} × {features:,} numbers for each of {actions} actions; "
            "give fewer features or contexts"
        )
    inverse = np.zeros((learners, actions, features, features))
    inverse[...] = np.eye(features) / ridge
    now = LinearPopulation(
        t=np.zeros(learners, np.int64),
        theta=np.zeros((learners, actions, features)),
        inverse=inverse,
        pulls=np.zeros((learners, actions), np.int64),
        recent=np.zeros(learners, np.int64),
        rewards=np.zeros(learners),
    )
    return Memory(now)


class LinearAgent:
    """An `Agent` that sees features (d,), and whose memory is slot `slot` of `memory`."""

    def __init__(self, config: LinearSettings, memory: Memory, slot: int, seed: int) -> None:
        self.now: LinearPopulation = memory.now
        self._rule, self._slot = config.rule, slot
        self._key = np.uint64(stream_key(seed, "policy"))
        self._scratch = np.empty(self.now.theta.shape[2])

    @property
    def step(self) -> int:
        """Steps learnt from so far."""
        return int(self.now.t[self._slot])

    def begin(self, obs: Floats) -> None:
        """Begin an episode: nothing is carried over or forgotten."""

    def act(self, obs: Floats) -> int:
        """The action of this decision; asking twice gives it twice."""
        return self.choose(obs, self._key, self.step)

    def choose(self, obs: Floats, key: np.uint64, t: int) -> int:
        """What it would choose with that stream at decision t."""
        return int(choose_linear(self._rule, self.now, self._slot, obs, key, t))

    def greedy(self, obs: Floats) -> int:
        """The action of highest estimate, the lowest among ties."""
        return int(greedy_linear(self.now, self._slot, obs))

    def update(self, step: Step) -> Metrics:
        """Learn from one step, which must end its episode. Raises `UserError` where it does not, and for NaN."""
        reward = float(step.reward)
        if not math.isfinite(reward):
            raise UserError(f"the environment paid a reward of {reward} at step {self.step}; rewards must be finite")
        if not np.isfinite(step.obs).all():
            raise UserError(f"the environment showed {step.obs} at step {self.step}; contexts must be finite")
        if not step.ended:
            raise UserError("a linear bandit learns where every episode is one step long, and this one goes on")
        error = reward - float(self.now.theta[self._slot, step.action] @ step.obs)
        learn_linear(self.now, self._slot, int(step.action), step.obs, reward, self._scratch)
        return {"change": error}
