"""The one vector environment: Gymnasium's laws around whatever kernel moves the batch."""

from collections.abc import Sequence
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.errors import UserError, unknown
from daedalus.envs.restoring import COUNTS, check_arrays, check_label, generator_state, label, restore_generator
from daedalus.envs.showing.canvas import Canvas

from .infos import filled, final_observations
from .kernel import Kernel

Array = np.typing.NDArray[Any]


@final
class BatchEnv(VectorEnv[Any, Any, Any]):
    """N environments of one problem, moved together by compiled code.

    It does what Gymnasium's `SyncVectorEnv` of the same environments does under the same seeds and actions, in all
    three autoreset modes; environment i depends on its own seed and actions alone. `reset(seed=s)` seeds it with
    s + i; environments without a seed draw one at their first reset, which `np_random_seed` tells. Differences: a
    step between episodes in the mode "Disabled" raises `ResetNeeded`, wrong actions are told before anything moves,
    there are no environments inside to reach for, and no windows.
    """

    def __init__(
        self,
        problem: Any,
        kernel: Kernel,
        autoreset_mode: AutoresetMode | str | None = None,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
    ) -> None:
        if render_mode == "human":
            raise UserError(f"{problem.name}: a batch opens no windows; render it as rgb_array or ansi")
        self.problem, self.kernel, self.num_envs = problem, kernel, kernel.num_envs
        self.autoreset_mode = _mode(autoreset_mode)
        self.metadata = {"render_modes": ["rgb_array", "ansi"], "render_fps": 10, "autoreset_mode": self.autoreset_mode}
        self.render_mode = render_mode
        self._canvas = Canvas(render_mode, problem.name)
        self.single_observation_space = kernel.single_observation_space
        self.single_action_space = kernel.single_action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._restarts = self.autoreset_mode == AutoresetMode.NEXT_STEP
        self._over = np.zeros(self.num_envs, dtype=np.bool_)
        self._seeds: list[int] = []  # with which the streams began; none before the first reset
        self._begun = np.zeros(self.num_envs, dtype=np.bool_)
        self._plain = False  # whether a step is but the kernel's
        self._limit = max_episode_steps
        self._elapsed = np.zeros(self.num_envs, dtype=np.int64)  # kept where Gymnasium's limit is asked for

    @property
    def np_random_seed(self) -> Any:
        """The seeds with which the environments' streams began, (N,); empty before the first reset."""
        return tuple(self._seeds)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin episodes in all environments, or where `options["reset_mask"]` (N,) is true.

        A seed s seeds environment i with s + i, a list each with its own. Raises as `SyncVectorEnv` does.
        """
        mask = self._mask(options)
        if seed is not None or not self._begun[mask].all():
            self._begin(self._each(seed), mask)
        self.kernel.reset(mask)
        self._begun |= mask
        self._plain = self._restarts and self._limit is None and bool(self._begun.all())
        self._over[mask] = False
        self._elapsed[mask] = 0
        return self.kernel.observe(), filled(self.kernel.info(), mask)

    def step(self, actions: Any) -> tuple[Array, Floats, Bools, Bools, dict[str, Any]]:
        """Act everywhere, (N,) actions; fresh arrays.

        Raises `InvalidAction`, `ValueError` for a wrong number of actions, `TypeError` for such as are no whole
        numbers, and `ResetNeeded` where an episode is over and is not begun again by itself.
        """
        if not (type(actions) is np.ndarray and actions.dtype == np.int64 and actions.shape == self._over.shape):
            actions = self._whole(actions)
        elif not actions.flags.carray:  # compiled code is made for one layout
            actions = actions.copy()
        if not self._plain:
            return self._step_on(actions)
        observations, rewards, terminated, truncated = self.kernel.step(actions, self._over, True)
        infos = self.kernel.info()
        return observations, rewards, terminated, truncated, filled(infos) if infos else infos

    def _step_on(self, actions: Ints) -> tuple[Array, Floats, Bools, Bools, dict[str, Any]]:
        """A step that has more to do than the kernel's."""
        if not self._begun.all():
            raise ResetNeeded("call reset() before step()")
        over = self._over
        if not self._restarts and over.any():
            raise ResetNeeded(
                f"environment {int(over.argmax())} is between two episodes; give reset() a reset_mask where one is over"
            )
        rested = over.copy() if self._limit is not None and self._restarts else None
        observations, rewards, terminated, truncated = self.kernel.step(actions, over, self._restarts)
        if self._limit is not None:
            self._truncate(rested, truncated)
        infos = filled(self.kernel.info())
        if self.autoreset_mode == AutoresetMode.SAME_STEP and over.any():
            observations, infos = self._restart(observations)
        return observations, rewards, terminated, truncated, infos

    def _truncate(self, rested: Bools | None, truncated: Bools) -> None:
        """Gymnasium's own time limit, `gymnasium.wrappers.TimeLimit`: it truncates what ends at that moment, too."""
        self._elapsed += 1
        if rested is not None:
            self._elapsed[rested] = 0
        truncated |= self._elapsed >= (self._limit or 0)
        self._over |= truncated

    def _restart(self, observations: Array) -> tuple[Array, dict[str, Any]]:
        """Begin the episodes that follow those that just ended, in the same step."""
        over = self._over.copy()
        infos = {
            "final_obs": final_observations(observations, over),
            "_final_obs": over.copy(),
            "final_info": filled(self.kernel.info(), over),
            "_final_info": over.copy(),
        }
        self.kernel.reset(over)
        self._elapsed[over] = 0
        self._over[:] = False
        observations[over] = self.kernel.observe(over)
        return observations, infos | filled(self.kernel.info())

    def _whole(self, actions: Any) -> Ints:
        """The actions as the kernel takes them."""
        given = np.asarray(actions)
        if given.shape != (self.num_envs,):
            raise ValueError(f"give {self.num_envs} actions, one for each environment, not {given.shape}")
        if not np.issubdtype(given.dtype, np.integer):
            raise TypeError(f"actions are whole numbers, not {given.dtype}")
        return given.astype(np.int64)

    def _mask(self, options: dict[str, Any] | None) -> Bools:
        if options is None or "reset_mask" not in options:
            return np.ones(self.num_envs, dtype=np.bool_)
        mask = options["reset_mask"]
        if not isinstance(mask, np.ndarray):
            raise TypeError(f"options['reset_mask'] must be a numpy array, not {type(mask)}")
        if mask.shape != (self.num_envs,):
            raise ValueError(f"options['reset_mask'] must have the shape ({self.num_envs},), not {mask.shape}")
        if mask.dtype != np.bool_:
            raise TypeError(f"options['reset_mask'] must have the dtype bool, not {mask.dtype}")
        if not mask.any():
            raise ValueError("options['reset_mask'] must be true somewhere")
        return mask.copy()

    def _each(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        """One seed, or none, for each environment."""
        if seed is None:
            return [None] * self.num_envs
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"give {self.num_envs} seeds, one for each environment, not {len(seeds)}")
        for one in seeds:
            if one is not None and (type(one) is not int or not 0 <= one < 2**63):
                raise gymnasium.error.Error(f"a seed is a whole number of Python from 0 to 2**63 - 1, not {one!r}")
        return list(seeds)

    def _begin(self, seeds: list[int | None], mask: Bools) -> None:
        """Start the streams anew of those in the mask that are given a seed; those that never had one draw it."""
        known = self._seeds or [-1] * self.num_envs
        for i in np.flatnonzero(mask & ~self._begun).tolist() if None in seeds else ():
            if seeds[i] is None:
                seeds[i] = int(self.np_random.integers(2**31))
        index = [i for i, chosen in enumerate(mask.tolist()) if chosen and seeds[i] is not None]
        chosen = [one for i in index if (one := seeds[i]) is not None]
        if index:
            self.kernel.begin(np.array(index, dtype=np.int64), np.array(chosen, dtype=np.int64))
            for i, one in zip(index, chosen, strict=True):
                known[i] = one
        self._seeds = known

    def render(self) -> tuple[Any, ...] | None:
        """A frame of each environment, in the render mode that was asked for; None where none was."""
        if self.render_mode is None:
            return None
        drawn = (self.kernel.drawn(i) for i in range(self.num_envs))
        return tuple(None if one is None else self._canvas.show(*one) for one in drawn)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """An attribute that all environments share, N times."""
        homes = {"observation_space": "single_observation_space", "action_space": "single_action_space"}
        return (getattr(self, homes.get(name, name)),) * self.num_envs

    def snapshot(self) -> dict[str, Any]:
        """All state, random streams and `np_random` included: arrays, and whose they are."""
        own: dict[str, Any] = {"problem": label(self.problem), **generator_state(self)}
        own |= {key: array.copy() for key, array in self._arrays().items()}
        return own | {f"kernel.{key}": value for key, value in self.kernel.snapshot().items()}

    def restore(self, taken: dict[str, Any]) -> None:
        """Take up what `snapshot` gave: from here on, the same future. Raises `UserError` for another world's."""
        check_label(self.problem, taken)
        over, seeds = np.asarray(taken.get("over")), np.asarray(taken.get("seeds"))
        if over.shape != self._over.shape:
            raise UserError(f"this snapshot is of {over.size} environments, not {self.num_envs}")
        own = {**self._arrays(), "seeds": np.zeros(self.num_envs if seeds.size else 0, dtype=np.int64)}
        check_arrays(own, taken, {"elapsed": COUNTS})
        inner = {key.removeprefix("kernel."): one for key, one in taken.items() if key.startswith("kernel.")}
        self.kernel.restore(inner)
        restore_generator(self, taken)
        self._over[:], self._begun[:], self._elapsed[:] = taken["over"], taken["begun"], taken["elapsed"]
        self._plain = self._restarts and self._limit is None and bool(self._begun.all())
        self._seeds = taken["seeds"].tolist()

    def _arrays(self) -> dict[str, Array]:
        seeds = np.array(self._seeds, dtype=np.int64)
        return {"over": self._over, "begun": self._begun, "elapsed": self._elapsed, "seeds": seeds}

    def close_extras(self, **_: Any) -> None:
        """Release what rendering holds."""
        self._canvas.close()


def _mode(asked: AutoresetMode | str | None) -> AutoresetMode:
    if asked is None:
        return AutoresetMode.NEXT_STEP
    known = {mode.value: mode for mode in AutoresetMode}
    if isinstance(asked, AutoresetMode):
        return asked
    if asked not in known:
        raise unknown("autoreset_mode", asked, known)
    return known[asked]
