"""Linear bandit learners living in Gymnasium environments, one each, step by step."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

from daedalus.agents.evaluation import open_columns
from daedalus.agents.interface import Step
from daedalus.agents.memory import damaged_snapshot
from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.rng import stream_key
from daedalus.core.world import OpenWorld
from daedalus.envs.contextual_env import ContextualEnv

from .agent import Contexts, LinearAgent, fresh_linear
from .config import LinearSettings
from .rules import LinearPopulation

#: Before the name of an array that belongs to the environment.
_WORLD = "world."


class ContextLife:
    """A learner in an environment whose episodes are one step long.

    The environment is seeded once, with `seed`, or, where the agent has lived before, with a seed of that moment.
    """

    def __init__(self, env: "gymnasium.Env[Any, Any]", contexts: Contexts, agent: LinearAgent, seed: int) -> None:
        self.env, self.contexts, self.agent = env, contexts, agent
        self._seed, self._seeded = seed, False

    def run(self, until: int) -> None:
        """Live on to step `until`."""
        self.earned(until)

    def earned(self, until: int) -> list[float]:
        """Live on to step `until`; the reward of each step."""
        agent, contexts, rewards = self.agent, self.contexts, []
        while (t := agent.step) < until:
            shown, _ = self.env.reset(seed=self._first_seed(t))
            x = contexts.one(shown)
            action = agent.act(x)
            _, reward, terminated, truncated, _ = self.env.step(action + contexts.acted)
            agent.update(Step(x, action, float(reward), x, bool(terminated), bool(truncated)))
            rewards.append(float(reward))
        return rewards

    def forget(self) -> None:
        """There is never a running episode."""

    def arrays(self) -> Columns:
        """Where the environment's random streams stand; nothing where it cannot tell."""
        own = self.env.unwrapped
        return own.snapshot()["kernel"] if isinstance(own, ContextualEnv) else {}

    def restore(self, arrays: Columns) -> None:
        """Take up what `arrays` gave, where the agent has already taken up its own. Raises `UserError`."""
        if self.agent.step == 0:
            return  # nothing is seeded yet
        own = self.env.unwrapped
        assert isinstance(own, ContextualEnv)
        self.env.reset(seed=self._seed)
        state = own.snapshot()
        own.restore({**state, "kernel": arrays})
        self._seeded = True

    def _first_seed(self, t: int) -> int | None:
        if self._seeded:
            return None
        self._seeded = True
        return self._seed if t == 0 else stream_key(self._seed, f"world/{t}") % 2**31


class LinearBandits:
    """N linear bandit learners, each in an environment of its own world; all need the same spaces."""

    def __init__(self, worlds: Sequence[OpenWorld], config: LinearSettings, seeds: Sequence[int]) -> None:
        self.worlds, self.seeds = worlds, seeds
        envs = [world.make() for world in worlds]
        contexts = Contexts(envs[0], worlds[0].name)
        self.memory = fresh_linear(len(seeds), contexts.actions, contexts.features, config.ridge)
        self.now: LinearPopulation = self.memory.now
        self._contexts = contexts
        self._lives = [
            ContextLife(env, contexts, LinearAgent(config, self.memory, i, seed), seed)
            for i, (env, seed) in enumerate(zip(envs, seeds, strict=True))
        ]

    @property
    def step(self) -> int:
        """How many steps every learner has taken."""
        return int(self.now.t[0])

    @property
    def resumable(self) -> bool:
        """Whether all state can be kept, the environments' included."""
        return all(isinstance(life.env.unwrapped, ContextualEnv) for life in self._lives)

    def run(self, until: int) -> Floats:
        """Live on to step `until`, learner after learner; the reward of each step, (N, T)."""
        return np.array([life.earned(until) for life in self._lives])

    def judged(self, horizon: int | None) -> dict[str, Any]:
        """What the greedy policies are worth, as columns of a curve."""
        return open_columns(self.worlds, self._greedy, horizon)

    def _greedy(self, i: int, observations: Sequence[Any]) -> list[int]:
        theta_Ad = self.now.theta[i]
        if self._contexts.discrete:
            value_BA = theta_Ad.T[np.asarray(observations, dtype=np.int64) - self._contexts.first]
        else:
            value_BA = np.asarray(observations, dtype=np.float64).reshape(len(observations), -1) @ theta_Ad.T
        best: list[int] = (value_BA.argmax(axis=1) + self._contexts.acted).tolist()
        return best

    def summary(self) -> Floats:
        """The mean reward since the last call, (N,)."""
        now = self.now
        with np.errstate(invalid="ignore"):
            reward: Floats = now.rewards / now.recent
        now.rewards[:], now.recent[:] = 0, 0
        return reward

    def arrays(self) -> Columns:
        """All state, for a snapshot."""
        worlds = [life.arrays() for life in self._lives]
        return self.memory.copy() | {_WORLD + name: np.stack([world[name] for world in worlds]) for name in worlds[0]}

    def restore(self, arrays: Columns) -> None:
        """Take up the state that `arrays` returned. Raises `UserError` where these are no such state."""
        worlds = {name.removeprefix(_WORLD): array for name, array in arrays.items() if name.startswith(_WORLD)}
        self.memory.take_up({name: array for name, array in arrays.items() if not name.startswith(_WORLD)})
        if any(array.shape[:1] != (len(self.seeds),) for array in worlds.values()):
            raise damaged_snapshot("not as many worlds as learners")
        try:
            for i, life in enumerate(self._lives):
                life.restore({name: array[i] for name, array in worlds.items()})
        except UserError as error:
            raise damaged_snapshot(error) from error

    def close(self) -> None:
        """Close the environments."""
        for life in self._lives:
            life.env.close()
