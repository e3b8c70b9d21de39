"""Daedalus's batches as vector environments of Stable-Baselines3."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, final

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from daedalus.core.errors import UserError
from daedalus.envs.vector.front import BatchEnv

Indices = int | Iterable[int] | None


@final
class SB3VecEnv(VecEnv):
    """A batch as learners of Stable-Baselines3 take it.

    `SB3VecEnv(gymnasium.make_vec(id, num_envs=64, autoreset_mode="SameStep"))` does what `DummyVecEnv` of as many
    such environments in SB3's `Monitor` does, under the same seeds and actions: an episode's statistics are in
    `info["episode"]`, its last observation in `info["terminal_observation"]`. Raises `UserError` for other batches
    and other autoreset modes.
    """

    def __init__(self, envs: Any) -> None:
        if not isinstance(envs, BatchEnv):
            raise UserError("SB3VecEnv takes a batch that gymnasium.make_vec made of a world of Daedalus")
        if envs.autoreset_mode != AutoresetMode.SAME_STEP:
            raise UserError('Stable-Baselines3 resets in the same step; make the batch with autoreset_mode="SameStep"')
        self.envs = envs
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)
        self.metadata = envs.metadata
        self._actions = np.zeros(self.num_envs, dtype=np.int64)
        self._returns, self._lengths = np.zeros(self.num_envs), np.zeros(self.num_envs, dtype=np.int64)
        self._since = time.time()

    def reset(self) -> Any:
        """Begin episodes everywhere, (N, ...) observations; with the seeds given to `seed`, once."""
        seeds = [None if seed is None else int(seed) for seed in self._seeds]
        observations, infos = self.envs.reset(seed=seeds)
        self._returns[:], self._lengths[:] = 0.0, 0
        self.reset_infos = self._each(infos, range(self.num_envs))
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: Any) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> Any:
        """Act: observations (N, ...), rewards (N,) float32, dones (N,), and an info for each environment."""
        observations, rewards, terminated, truncated, infos = self.envs.step(self._actions)
        dones = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        shown = {key: value for key, value in infos.items() if "final_" not in key}
        each = self._each(shown, range(self.num_envs))
        for i, cut in enumerate((truncated & ~terminated).tolist()):
            each[i]["TimeLimit.truncated"] = cut
        ended = np.flatnonzero(dones).tolist()
        if ended:
            self._end(ended, each, infos)
        return observations, rewards.astype(np.float32), dones, each

    def _end(self, ended: list[int], each: list[dict[str, Any]], infos: dict[str, Any]) -> None:
        """Tell how episodes ended: their statistics and last observations."""
        begun = self._each({key: value for key, value in infos.items() if "final_" not in key}, ended)
        last = self._each(infos["final_info"], ended)
        elapsed = round(time.time() - self._since, 6)
        for i, first, final_info in zip(ended, begun, last, strict=True):
            cut = each[i]["TimeLimit.truncated"]
            self.reset_infos[i] = first
            each[i] = final_info | {"TimeLimit.truncated": cut, "terminal_observation": infos["final_obs"][i]}
            each[i]["episode"] = {"r": round(float(self._returns[i]), 6), "l": int(self._lengths[i]), "t": elapsed}
        self._returns[ended], self._lengths[ended] = 0.0, 0

    def _each(self, infos: dict[str, Any], index: Sequence[int]) -> list[dict[str, Any]]:
        """The infos of single environments, without the masks."""
        keys = [key for key in infos if f"_{key}" in infos]
        return [{key: infos[key][i] for key in keys if infos[f"_{key}"][i]} for i in index]

    def close(self) -> None:
        """Close the batch."""
        self.envs.close()

    def get_images(self) -> Sequence[Any]:
        """A picture of each environment, in the render mode "rgb_array"."""
        return self.envs.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute that all environments share, for each of the indices."""
        return [self.envs.get_attr(attr_name)[0] for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """There is nothing to set. Raises `UserError`."""
        raise UserError(f"a batch holds no single environments; {attr_name} cannot be set")

    def env_method(self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any) -> Any:
        """There is nothing to call. Raises `UserError`."""
        raise UserError(f"a batch holds no single environments; {method_name} cannot be called")

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        """Whether a wrapper's work is done here: that of SB3's `Monitor` is."""
        from stable_baselines3.common.monitor import Monitor

        return [issubclass(wrapper_class, Monitor)] * len(list(self._get_indices(indices)))
