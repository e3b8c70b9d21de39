"""Finite worlds, those that change included: moved by the compiled kernel, kept as numbers of states."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from daedalus.agents.homes import Homes, plain
from daedalus.core.arrays import Ints
from daedalus.core.lab.experiment import Columns
from daedalus.core.replay.frames import Field
from daedalus.core.world import Observation, Schedule, World
from daedalus.envs.observing import action_masks, observers_of
from daedalus.envs.vector.batch import kernel_of

from .living import Array, Frame, Moved, Place
from .seeing import eye_of, numbers_of

#: Bytes up to which what every state shows is laid out for the network once.
_LAID_OUT = 2**26


@final
class StateSense:
    """Frames hold a number for each state of each of a home's worlds: (number of the world) · S + state."""

    frame: Mapping[str, Field]

    def __init__(self, where: Homes, place: Place) -> None:
        first = where.first
        problems = [plain(home) for home in where.of]
        self.eye = eye_of(observers_of(problems[0])[0].space, first.name)
        self.actions, self.masked = first.mdp.actions, first.observation.action_mask
        self.frame = {"obs": Field((), "int32")}
        self._states, device = first.mdp.states, place(self.eye.seen)
        self._device = device
        self._observers = [[observers_of(problem)[p] for p in _firsts(problem)] for problem in problems]
        rows = len(problems) * max(len(own) for own in self._observers) * self._states
        self._laid: Tensor | None = None
        if rows * numbers_of(self.eye) * 4 <= _LAID_OUT:
            shown = [np.concatenate([self._shown(own, w) for w in range(len(own))]) for own in self._observers]
            longest = max(len(one) for one in shown)
            self._laid = torch.stack([self._laid_out(one, longest) for one in shown])  # (H, W·S, *seen)
        self._slots = torch.arange(len(problems), device=device).unsqueeze(1)
        self._masks: Tensor | None = None
        if self.masked:
            masks = [np.concatenate([action_masks(world) for world in home.worlds]) for home in where.of]
            longest = max(len(one) for one in masks)
            filled = [np.pad(one, ((0, longest - len(one)), (0, 0)), constant_values=1) for one in masks]
            self._masks = torch.from_numpy(np.stack(filled)).to(device)

    def _shown(self, observers: Any, world: int) -> Array:
        """What all states of a world show, (S, *kept); of those that nobody meets, what state 0 shows."""
        states_S = np.arange(self._states, dtype=np.int32)
        met = getattr(observers[world].space, "n", self._states)  # states behind them have no number to show
        return self.eye.keep(observers[world].batch(np.where(states_S < met, states_S, 0)))

    def _laid_out(self, shown: Array, longest: int) -> Tensor:
        seen = self.eye.see(torch.from_numpy(shown).to(self._device))
        return torch.cat([seen, seen[:1].expand(longest - len(seen), *seen.shape[1:])])

    def see(self, batch: Mapping[str, Tensor], prefix: str = "") -> Tensor:
        """What is shown, (N, B, *seen) float32, looked up."""
        code_NB = batch[f"{prefix}obs"].to(self._device)
        if self._laid is not None:
            return self._laid[0][code_NB] if len(self._laid) == 1 else self._laid[self._slots, code_NB]
        codes = code_NB.cpu().numpy()
        kept = np.empty((*codes.shape, *self.eye.kept), self.eye.dtype)
        for n, own in enumerate(codes):
            observers = self._observers[n if len(self._observers) > 1 else 0]
            world, state = np.divmod(own, self._states)
            for w in np.unique(world):
                kept[n, world == w] = observers[w].batch(state[world == w].astype(np.int32))
        return self.eye.see(torch.from_numpy(kept).to(self._device))

    def mask(self, batch: Mapping[str, Tensor], prefix: str = "") -> Tensor:
        """Which actions are allowed, (N, B, A)."""
        assert self._masks is not None
        code_NB = batch[f"{prefix}obs"].to(self._device)
        return self._masks[0][code_NB] if len(self._masks) == 1 else self._masks[self._slots, code_NB]

    def mask_now(self, frame: Frame) -> Array:
        """The same of one frame each, (N, A)."""
        masks: Array = self.mask({"obs": torch.from_numpy(frame["obs"]).unsqueeze(1)})[:, 0].cpu().numpy()
        return masks


def _firsts(problem: World | Schedule) -> list[int]:
    """A phase in which each of a home's worlds is in force, by the number of the world."""
    return (
        [0] if isinstance(problem, World) else [int(np.argmax(problem.which == w)) for w in range(len(problem.worlds))]
    )


@final
class FiniteLiving:
    """N copies of a finite world, or one copy of each of N layouts."""

    frame: Frame
    time: int

    def __init__(self, where: Homes, place: Place) -> None:
        self.sense = StateSense(where, place)
        self._homes, self._states = where, where.first.mdp.states
        self._kernels = [kernel_of(_bare(plain(home)), len(where.seeds[slot])) for home, slot in _parts(where)]
        for kernel, (_, slot) in zip(self._kernels, _parts(where), strict=True):
            kernel.begin(np.arange(kernel.num_envs), np.array(where.seeds[slot], dtype=np.int64))
            kernel.reset(np.ones(kernel.num_envs, dtype=np.bool_))
        self._visits = np.zeros((len(where.seeds), self._states), dtype=np.int64)
        self._rows, self.time = np.arange(len(where.seeds)), 0
        self._state_N = self._observed()
        self.frame = self._framed(self._state_N)

    def step(self, action_N: Ints) -> Moved:
        """Take a step everywhere; episodes that ended begin again."""
        self._visits[self._rows, self._state_N] += 1
        if len(self._kernels) == 1:
            over_N = np.zeros(len(action_N), dtype=np.bool_)
            state_N, reward_N, terminated_N, truncated_N = self._kernels[0].step(action_N, over_N, False)
        else:
            parts = [
                kernel.step(action_N[n : n + 1], np.zeros(1, np.bool_), False) for n, kernel in enumerate(self._kernels)
            ]
            state_N, reward_N, terminated_N, truncated_N = (
                np.concatenate(column) for column in zip(*parts, strict=True)
            )
            over_N = terminated_N | truncated_N
        self.time += 1
        reached = self._framed(state_N)
        ended = bool(over_N.any())
        if ended:
            self._restart(over_N)
            state_N = self._observed()
        self._state_N = state_N
        self.frame = self._framed(state_N) if ended else reached
        return Moved(reward_N, terminated_N, truncated_N, reached, ended)

    def _restart(self, over_N: Any) -> None:
        if len(self._kernels) == 1:
            self._kernels[0].reset(over_N)
            return
        for n in np.flatnonzero(over_N):
            self._kernels[n].reset(np.ones(1, dtype=np.bool_))

    def anew(self) -> None:
        """Leave the running episodes and begin others."""
        self._restart(np.ones(len(self._rows), dtype=np.bool_))
        self._state_N = self._observed()
        self.frame = self._framed(self._state_N)

    def _observed(self) -> Ints:
        return np.concatenate([kernel.observe() for kernel in self._kernels]).astype(np.int64)

    def _framed(self, state_N: Ints) -> Frame:
        """The states' numbers in the worlds in which the next step will be taken."""
        base = [int(home.which[home.phase(self.time)]) * self._states for home in self._homes.of]
        return {"obs": (state_N + (base[0] if len(base) == 1 else np.array(base))).astype(np.int32)}

    def visited(self) -> Ints | None:
        """How often a step was taken from each state, (N, S)."""
        return self._visits

    def arrays(self) -> Columns | None:
        """All state."""
        own = {f"{n}.{name}": one for n, kernel in enumerate(self._kernels) for name, one in kernel.snapshot().items()}
        return own | {"visits": self._visits.copy()}

    def restore(self, arrays: Columns) -> None:
        """Take up what `arrays` gave."""
        for n, kernel in enumerate(self._kernels):
            kernel.restore({name.partition(".")[2]: one for name, one in arrays.items() if name.startswith(f"{n}.")})
        self._visits[...] = arrays["visits"]
        self.time = int(self._visits[0].sum())
        self._state_N = self._observed()
        self.frame = self._framed(self._state_N)

    def close(self) -> None:
        """Nothing is open."""


def _parts(where: Homes) -> list[tuple[Schedule, slice]]:
    return list(zip(where.of, where.slots, strict=True))


def _bare(problem: World | Schedule) -> World | Schedule:
    """The same world, showing the states' own numbers: what agents see is looked up later."""
    if isinstance(problem, World):
        return replace(problem, observation=Observation(), shows=None, scene=None)
    return problem.each(lambda world: replace(world, observation=Observation(), shows=None, scene=None))
