"""Judging policies that need more than what they see now: a memory of the episode, or masks of the actions."""

from collections.abc import Mapping
from typing import Any, final

import gymnasium
import numpy as np
from sb3_contrib import MaskablePPO
from stable_baselines3.common.base_class import BaseAlgorithm

from daedalus.agents.evaluation import episode_limit, evaluation_seeds
from daedalus.core.world import OpenWorld, Schedule, World
from daedalus.envs.making import environment

from .judges import FiniteJudge, weights_of

Array = np.typing.NDArray[Any]


class Masks(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Tells which actions are of use, where sb3-contrib asks for it: what `info["action_mask"]` says, else all."""

    _mask: Array

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        observation, info = self.env.reset(**kwargs)
        self._keep(info)
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._keep(info)
        return observation, reward, terminated, truncated, info

    def action_masks(self) -> Array:
        """One truth for every action (of all axes of a MultiDiscrete one)."""
        return self._mask

    def _keep(self, info: Mapping[str, Any]) -> None:
        known = info.get("action_mask")
        self._mask = np.ones(_choices(self.action_space), bool) if known is None else np.asarray(known, bool)


def _choices(space: gymnasium.Space[Any]) -> int:
    match space:
        case gymnasium.spaces.MultiDiscrete():
            return int(space.nvec.sum())
        case gymnasium.spaces.MultiBinary():
            return 2 * int(np.prod(space.shape))
        case _:
            return int(getattr(space, "n", 1))


@final
class LivedJudge:
    """Lives whole episodes under the seeds that every strategy is evaluated on.

    `finite` judges the world itself, where it is a finite one: what is the best there, and what chance is worth.
    """

    def __init__(
        self, problem: World | Schedule | OpenWorld, horizon: int | None, finite: FiniteJudge | None = None
    ) -> None:
        self._problem, self._horizon, self._finite = problem, horizon, finite

    def columns(self, model: BaseAlgorithm, step: int) -> Mapping[str, Any]:
        """The value, and what is known of the world."""
        env = Masks(self._here(step))
        try:
            limit = self._finite.limit(step) if self._finite else episode_limit(env, self._horizon)
            value = float(np.mean([self._episode(env, model, seed, limit) for seed in evaluation_seeds()]))
        finally:
            env.close()
        known = self._finite.known(step) if self._finite else None
        if known is None:
            return {"value": [value], "exact": False}
        optimum_N, random_N = known
        regret_N = optimum_N - value
        return {
            "value": [value], "exact": False, "optimum": optimum_N, "random_value": random_N, "regret": regret_N,
        }  # fmt: skip

    def kept(self, model: BaseAlgorithm, step: int) -> dict[str, Any]:
        """The networks' weights; where there are states, no action stands for one, because none is chosen by it."""
        weights = weights_of(model)
        return weights | {"policy": self._finite.no_policy()} if self._finite else weights

    def _here(self, step: int) -> gymnasium.Env[Any, Any]:
        match self._problem:
            case OpenWorld() as world:
                return world.make()
            case Schedule() as schedule:
                return environment(schedule.after(step))
            case world:
                return environment(world)

    def _episode(self, env: Masks, model: BaseAlgorithm, seed: int, limit: int) -> float:
        """The undiscounted return of one episode."""
        observation, _ = env.reset(seed=seed)
        earned, state, begins = 0.0, None, np.array([True])
        masked = isinstance(model, MaskablePPO)
        for _ in range(limit):
            masks: dict[str, Any] = {"action_masks": env.action_masks()} if masked else {}
            action, state = model.predict(observation, state=state, episode_start=begins, deterministic=True, **masks)
            observation, reward, terminated, truncated, _ = env.step(action)
            earned, begins = earned + float(reward), np.array([False])
            if terminated or truncated:
                break
        return earned
