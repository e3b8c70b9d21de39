"""What a third-party learner lives through, counted outside it."""

import copy
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.logger import Logger

from daedalus.core.arrays import Floats, Ints


class Ledger(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Counts steps, rewards, episodes and, where there are `states` of them, visits. Changes nothing.

    A visit is of the state that the environment itself says it is in (`WorldEnv.state`), whatever it shows of it.
    """

    def __init__(self, env: "gymnasium.Env[Any, Any]", states: int) -> None:
        super().__init__(env)
        self.action_space = copy.deepcopy(env.action_space)  # it is drawn from; environments may share theirs
        self.steps = 0
        self.visits: Ints = np.zeros(states, dtype=np.int64)  # (S,), states in which an action was taken
        self._running = (0.0, 0)  # return and length of the episode under way
        self._finished = 0
        self._mark = 0
        self._reward = 0.0
        self._episodes: list[tuple[float, ...]] = []

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        observation, info = self.env.reset(**kwargs)
        self._running = 0.0, 0
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step and count it."""
        if self.visits.size:
            inner: Any = self.env.unwrapped
            self.visits[inner.state] += 1
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.steps += 1
        self._reward += float(reward)
        self._running = self._running[0] + float(reward), self._running[1] + 1
        if terminated or truncated:
            self._episodes.append((self._finished, self.steps, *self._running))
            self._finished += 1
        return observation, reward, terminated, truncated, info

    def since_last(self) -> tuple[dict[str, float], Floats]:
        """Curve columns since the last call, and the episodes (M, 4): index, end step, return, length."""
        episodes: Floats = np.array(self._episodes, dtype=np.float64).reshape(-1, 4)
        steps, reward = self.steps - self._mark, self._reward
        self._episodes, self._mark, self._reward = [], self.steps, 0.0
        columns = {
            "episodes": len(episodes),
            "return": float(episodes[:, 2].mean()) if len(episodes) else np.nan,
            "length": float(episodes[:, 3].mean()) if len(episodes) else np.nan,
            "reward": reward / steps if steps else np.nan,
        }
        return columns, episodes


class Losses(Logger):
    """A Stable-Baselines3 logger that writes nothing and remembers one quantity."""

    def __init__(self, key: str) -> None:
        super().__init__(folder=None, output_formats=[])
        self._key = key
        self._values: list[float] = []

    def record(self, key: str, value: Any, exclude: str | tuple[str, ...] | None = None) -> None:
        """Remember `value` if it is the one."""
        super().record(key, value, exclude)
        if key == self._key:
            self._values.append(float(value))

    def since_last(self) -> float:
        """The mean since the last call, NaN where there was none."""
        values, self._values = self._values, []
        return float(np.mean(values)) if values else np.nan
