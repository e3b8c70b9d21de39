"""Any Gymnasium environments with Discrete actions: N of them, stepped one after another."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Discrete
from torch import Tensor

from daedalus.core.arrays import Ints
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.replay.frames import Field
from daedalus.envs.snapshots import restore, snapshot

from .living import Array, Frame, Moved, Place
from .plain_data import pack, unpack
from .seeing import Eye, eye_of

Env = gymnasium.Env[Any, Any]


@final
class ShownSense:
    """Frames hold what was shown and, where the environment tells any, the mask of actions."""

    frame: Mapping[str, Field]

    def __init__(self, eye: Eye, actions: int, masked: bool, device: torch.device) -> None:
        self.eye, self.actions, self.masked, self._device = eye, actions, masked, device
        self.frame = {"obs": Field(eye.kept, eye.dtype)}
        if masked:
            self.frame["mask"] = Field((actions,), "uint8")

    def see(self, batch: Mapping[str, Tensor], prefix: str = "") -> Tensor:
        """What is shown, (N, B, *seen) float32."""
        return self.eye.see(batch[f"{prefix}obs"].to(self._device))

    def mask(self, batch: Mapping[str, Tensor], prefix: str = "") -> Tensor:
        """Which actions are allowed, (N, B, A)."""
        return batch[f"{prefix}mask"].to(self._device)

    def mask_now(self, frame: Frame) -> Array:
        """The same of one frame each, (N, A)."""
        return frame["mask"]


def open_spaces(env: Env, name: str) -> tuple[Eye, Discrete[Any]]:
    """How the environment is seen, and its actions. Raises `UserError` for spaces that are not taken."""
    space = env.action_space
    if not isinstance(space, Discrete):
        raise UserError(f"dqn takes Discrete actions; those of {name} are {type(space).__name__}")
    return eye_of(env.observation_space, name), space


@final
class OpenLiving:
    """N environments with streams of their own; each is seeded once, with its seed."""

    frame: Frame
    time: int

    def __init__(self, envs: Sequence[Env], seeds: Sequence[int], place: Place, name: str) -> None:
        self.envs, self._name = envs, name
        eye, space = open_spaces(envs[0], name)
        self._first, self.time = int(space.start), 0
        observed, infos = zip(*(self._reset(i, seed) for i, seed in enumerate(seeds)), strict=True)
        masked = any("action_mask" in info for info in infos)
        self.sense = ShownSense(eye, int(space.n), masked, place(eye.seen))
        self._one_hot = eye.kind == "one_hot"
        self.frame = self._framed(observed, infos)

    def _reset(self, i: int, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        observed, info = self.envs[i].reset(seed=seed)
        return observed, info

    def _framed(self, observed: Sequence[Any], infos: Sequence[dict[str, Any]]) -> Frame:
        eye = self.sense.eye
        obs = np.empty((len(observed), *eye.kept), dtype=eye.dtype)
        for i, one in enumerate(observed):
            try:
                if np.shape(one) != eye.kept and eye.kept != (1,):  # (1,): of one number without an axis, too
                    raise ValueError(f"shape {np.shape(one)} is not {eye.kept}")
                obs[i] = int(one) - eye.first if self._one_hot else one
            except (TypeError, ValueError) as error:
                raise UserError(f"{self._name} shows what is no observation of its space: {error}") from error
        if self._one_hot:
            if not 0 <= obs.min() <= obs.max() < eye.shape[0]:
                raise UserError(f"{self._name} shows a number that its observation space has not")
        elif eye.dtype == "float32" and not np.isfinite(obs).all():
            raise UserError(f"{self._name} shows NaN or infinity; observations must be finite numbers")
        if not self.sense.masked:
            return {"obs": obs}
        return {"obs": obs, "mask": np.stack([self._mask(info) for info in infos])}

    def _mask(self, info: dict[str, Any]) -> Array:
        """The mask that an info tells; all ones where it tells none."""
        mask = np.asarray(info.get("action_mask", np.ones(self.sense.actions)))
        if mask.shape != (self.sense.actions,):
            raise UserError(
                f"{self._name}: info['action_mask'] must have shape ({self.sense.actions},), not {mask.shape}"
            )
        return (mask > 0).astype(np.uint8)

    def step(self, action_N: Ints) -> Moved:
        """Take a step everywhere; episodes that ended begin again."""
        count = len(self.envs)
        reward_N, ends = np.empty(count), np.zeros((2, count), dtype=np.bool_)
        observed: list[Any] = [None] * count
        infos: list[dict[str, Any]] = [{}] * count
        for i, (env, action) in enumerate(zip(self.envs, action_N.tolist(), strict=True)):
            observed[i], reward, ends[0, i], ends[1, i], infos[i] = env.step(action + self._first)
            try:
                reward_N[i] = reward
            except (TypeError, ValueError):
                raise UserError(f"{self._name} pays {reward!r}; a reward must be one number") from None
        self.time += 1
        ends[1] &= ~ends[0]
        reached = self._framed(observed, infos)
        over = np.flatnonzero(ends[0] | ends[1])
        for i in over.tolist():
            observed[i], infos[i] = self._reset(i)
        self.frame = self._framed(observed, infos) if over.size else reached
        return Moved(reward_N, ends[0], ends[1], reached, bool(over.size))

    def anew(self) -> None:
        """Leave the running episodes and begin others."""
        observed, infos = zip(*(self._reset(i) for i in range(len(self.envs))), strict=True)
        self.frame = self._framed(observed, infos)

    def visited(self) -> Ints | None:
        """States have no numbers here."""
        return None

    def arrays(self) -> Columns | None:
        """All state, where every environment can take its own down."""
        try:
            taken = {f"env.{i}": pack(snapshot(env)) for i, env in enumerate(self.envs)}
        except UserError:  # an environment, or a wrapper, whose memory is not known
            return None
        shown = {f"frame.{name}": array.copy() for name, array in self.frame.items()}
        return {**taken, **shown, "time": np.array(self.time)}

    def restore(self, arrays: Columns) -> None:
        """Take up what `arrays` gave. Raises `UserError`."""
        shown = {name: arrays.get(f"frame.{name}") for name in self.frame}
        for name, array in self.frame.items():
            given = shown[name]
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise UserError(f"{name}: missing, or of another shape")
        for i, env in enumerate(self.envs):
            restore(env, unpack(arrays[f"env.{i}"]))
        self.frame, self.time = {name: np.array(one) for name, one in shown.items()}, int(arrays["time"])

    def close(self) -> None:
        """Close the environments."""
        for env in self.envs:
            env.close()
