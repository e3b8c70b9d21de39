"""Replay: what N seeds have lived through, each in a ring of its own, to be learnt from again."""

import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Bools, Floats, Ints, Keys
from daedalus.core.errors import UserError
from daedalus.core.mdp import available_bytes
from daedalus.core.objective import Batch

from . import ring, snapshot
from .fields import Array, Field, check_fields
from .frames import DeviceStore, HostStore, Store
from .priorities import Priorities, Priority, tree_bytes

#: Frames up to so many bytes get room for the shortest episodes: two for every transition.
_SMALL_FRAME = 1024

#: Larger frames get room for episodes of so many steps.
_USUAL_STEPS = 8

_MOST_REWARD = float(np.finfo(np.float32).max)

_TRANSITION_BYTES = 8 + 8 + 4 + 1


@final
class Replay:
    """Rings of transitions for N slots in lockstep; slot i holds and samples what it would alone.

    Each frame is stored once: an episode of L steps takes L + 1 of them. Frames of up to 1 KiB have room for every
    transition whatever the episodes' lengths; larger ones have room for episodes of 8 steps and more, and where
    episodes are shorter the oldest transitions go a little before there are `capacity` of them.

    An episode is `begin`, then `add` for each step up to one that is terminated or truncated, then `begin` again.
    `begin` in a running episode cuts it, as a time limit does.
    """

    def __init__(
        self,
        capacity: int,
        slots: int,
        frame: Mapping[str, Field],
        *,
        n_step: int = 1,
        gamma: float = 0.99,
        priority: Priority | None = None,
        where: torch.device | None = None,
    ) -> None:
        check_fields(frame)
        _check_numbers(capacity, slots, n_step, gamma)
        width = sum(field.bytes for field in frame.values())
        room = 2 * capacity + 1 if width <= _SMALL_FRAME else capacity + capacity // _USUAL_STEPS + n_step + 2
        each = capacity * _TRANSITION_BYTES + (tree_bytes(capacity) if priority else 0)
        away = where is not None and where.type != "cpu"  # frames that are not in this memory; the device refuses them
        _check_bytes(capacity, slots, slots * (each + (0 if away else room * width)))
        self.capacity, self.slots, self.frame, self.n_step, self.gamma = capacity, slots, dict(frame), n_step, gamma
        self._room, self._where = room, where
        self._state = np.zeros((slots, ring.COLUMNS), np.int64)
        self._state[:, ring.RUNNING] = ring.CLOSED
        self._rows = np.zeros((slots, capacity), np.int64)
        self._actions = np.zeros((slots, capacity), np.int64)
        self._rewards = np.zeros((slots, capacity), np.float32)
        self._ends = np.zeros((slots, capacity), np.uint8)
        self._held: Any = self._state, self._rows, self._actions, self._rewards, self._ends
        self._frames = _store(slots, room, frame, where)
        self._priorities = Priorities(priority, slots, capacity, n_step) if priority else None
        self._write = np.zeros(slots, np.int64)
        self._all = np.ones(slots, np.bool_)
        self._shape = (slots,)
        kinds = {name: np.dtype(field.dtype) for name, field in frame.items()}
        self._checks = [(n, (slots, *frame[n].shape), kind, kind.kind == "f") for n, kind in kinds.items()]
        self._given = (np.zeros(slots, np.int64), np.zeros(slots), np.zeros(slots, np.bool_), np.zeros(slots, np.bool_))

    @property
    def size_N(self) -> Ints:
        """How many transitions of each slot can be sampled, (N,): those whose n steps are done."""
        return snapshot.ready(self._state, self.n_step)

    def begin(self, frame: Mapping[str, Array], slots_N: Bools | None = None) -> None:
        """Begin an episode with its first frame, each field (N, …), in those slots (all without `slots_N`)."""
        chosen = self._all if slots_N is None else np.array(slots_N, np.bool_)
        if chosen.shape != self._shape:
            raise UserError(f"slots_N must have shape {self._shape}, not {chosen.shape}")
        self._check(frame, None if slots_N is None else chosen)
        if chosen.any():
            ring.begin(self._state, self._rows, self._ends, chosen, self._room, self._write)
            self._frames.write(self._write, frame)
            if self._priorities:
                self._priorities.follow(self._state)

    def add(
        self,
        action_N: Ints,
        reward_N: Floats,
        terminated_N: Bools,
        truncated_N: Bools,
        next_frame: Mapping[str, Array],
    ) -> None:
        """Add one step of every slot, each (N,); `next_frame` holds the frames really reached, final ones at ends.

        Raises `UserError`, and adds nothing, for a reward that is not finite or an episode that did not begin.
        """
        self._check(next_frame)
        given = self._given
        for mine, array in zip(given, (action_N, reward_N, terminated_N, truncated_N), strict=True):
            if array.shape != self._shape:
                raise UserError(f"a step must have one number for each of {self.slots} slots, not shape {array.shape}")
            if array.dtype != mine.dtype and not np.can_cast(array.dtype, mine.dtype, "same_kind"):
                raise UserError(f"a part of a step must be {mine.dtype}, not {array.dtype}")
            mine[:] = array
        arrays = (*self._held, *given, self._room, self._write)
        found = ring.add(*arrays)
        if found != ring.WELL:
            raise self._refusal(found)
        self._frames.write(self._write, next_frame)
        if self._priorities:
            self._priorities.follow(self._state)

    def sample(self, size: int, keys_N: Keys, t: int, beta: float | None = None) -> Batch:
        """A batch of `size` transitions of each slot, (N, B, …), drawn with replacement from what `size_N` counts.

        Which ones is a pure function of what the slot holds, its key and `t`. Each field of frames stands under its
        name, and m steps on under "next_" + name; "action" int64; "reward" Σ γ^k r; "discount" γ^m, 0 where the world
        ended. m is n or the steps up to the episode's end. With priorities also "weight", by `beta` if given, and
        "index", for `prioritise`. Raises `UserError` where there is nothing to sample.
        """
        if size < 1:
            raise UserError(f"a batch must hold at least 1 transition, not {size}")
        if keys_N.dtype != np.uint64 or keys_N.shape != self._shape:
            raise UserError(f"keys_N must be uint64 {self._shape}, not {keys_N.dtype} {keys_N.shape}")
        whole, real = np.empty((4, self.slots, size), np.int64), np.empty((3, self.slots, size), np.float32)
        arrays = (*self._held, keys_N, t, self._room, self.n_step, self.gamma, whole, real)
        empty = self._priorities.draw(arrays, beta) if self._priorities else ring.uniformly(*arrays)
        if empty >= 0:
            raise UserError(f"slot {empty} has nothing to sample: it takes {self.n_step} steps or an episode's end")
        batch = self._frames.read(whole[0], whole[1])
        batch["action"] = self._tensor(whole[2])
        batch["reward"], batch["discount"] = self._tensor(real[0]), self._tensor(real[1])
        if self._priorities is not None:
            batch["index"], batch["weight"] = self._tensor(whole[3]), self._tensor(real[2])
        return batch

    def prioritise(self, index: Tensor, errors: Tensor) -> None:
        """Give sampled transitions, a batch's "index" (N, B), priorities by their errors δ (N, B).

        Raises `UserError`, and changes nothing, for errors that are not finite.
        """
        if self._priorities is None:
            raise UserError("this replay has no priorities; build it with priority=Priority()")
        which, by = index.cpu().numpy(), errors.detach().to("cpu", torch.float64).numpy()
        if which.dtype != np.int64 or which.ndim != 2 or len(which) != self.slots or by.shape != which.shape:
            raise UserError(f"index and errors must be (N, B) for {self.slots} slots, not {which.shape} and {by.shape}")
        self._priorities.assess(np.ascontiguousarray(which), np.ascontiguousarray(by))

    def arrays(self) -> dict[str, Array]:
        """All of it, copied, for a snapshot; no more of the rings than was ever used."""
        used, shown = self._used(self._state)
        return {
            "state": self._state.copy(),
            "actions": self._actions[:, :used].copy(),
            "rewards": self._rewards[:, :used].copy(),
            "ends": self._ends[:, :used].copy(),
            **{f"frame.{name}": array for name, array in self._frames.arrays(shown).items()},
            **(self._priorities.arrays(used) if self._priorities else {}),
        }

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Become what `arrays` were taken from. Raises `UserError`, and changes nothing, where they are no such thing.

        The replay must have been built with the same settings.
        """
        state = arrays.get("state", np.zeros(0))
        snapshot.check_state(state, self.slots, self.capacity, self._room)
        used, shown = self._used(state)
        snapshot.check_kinds(arrays, self._kinds(used, shown))
        rows = snapshot.frame_rows(state, arrays["ends"], self.capacity, self._room)
        if self._priorities:
            ready = snapshot.ready(state, self.n_step)
            self._priorities.check(arrays, snapshot.held(state, ready, used, self.capacity))
        self._state[:], self._rows[:] = state, rows
        for mine, name in ((self._actions, "actions"), (self._rewards, "rewards"), (self._ends, "ends")):
            mine[:, :used] = arrays[name]
        self._frames.take_up({name: arrays[f"frame.{name}"] for name in self.frame})
        if self._priorities:
            self._priorities.take_up(arrays, self._state)

    def _used(self, state: Ints) -> tuple[int, int]:
        """How many places of the rings of transitions and of frames were ever used."""
        return min(int(state[:, ring.ADDED].max()), self.capacity), min(int(state[:, ring.WRITTEN].max()), self._room)

    def _kinds(self, used: int, shown: int) -> dict[str, tuple[str, tuple[int, ...]]]:
        each = (self.slots, used)
        kinds = {"actions": ("int64", each), "rewards": ("float32", each), "ends": ("uint8", each)}
        frames = {f"frame.{n}": (f.dtype, (self.slots, shown, *f.shape)) for n, f in self.frame.items()}
        trees = {"leaves": ("float64", each), "top": ("float64", self._shape)} if self._priorities else {}
        return {"state": ("int64", self._state.shape), **kinds, **frames, **trees}

    def _tensor(self, array: Array) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor if self._where is None else tensor.to(self._where)

    def _check(self, frame: Mapping[str, Array], chosen: Bools | None = None) -> None:
        for name, shape, dtype, real in self._checks:
            array = frame.get(name)
            if array is None or array.shape != shape or array.dtype != dtype:
                _check_field(name, array, shape, dtype)
            if real and array is not None:
                seen = array if chosen is None else array[chosen]
                if not math.isfinite(np.vdot(seen, seen)):  # cheap; what is finite may overflow, so look again
                    _check_finite(name, array, chosen)

    def _refusal(self, found: int) -> UserError:
        if found == ring.NOT_BEGUN:
            slot = int(np.flatnonzero(self._state[:, ring.RUNNING] == ring.CLOSED)[0])
            return UserError(f"slot {slot} has no running episode: begin one before adding a step")
        reward = self._given[1]
        slot = int(np.flatnonzero(~(np.abs(reward) <= _MOST_REWARD))[0])
        return UserError(
            f"the reward of slot {slot} is {reward[slot]}; rewards must be finite single-precision numbers"
        )


def _store(slots: int, room: int, frame: Mapping[str, Field], where: torch.device | None) -> Store:
    if where is None:
        return HostStore(slots, room, frame)
    try:
        return DeviceStore(slots, room, frame, where)
    except torch.OutOfMemoryError as error:
        needed = slots * room * sum(field.bytes for field in frame.values())
        raise UserError(
            f"the replay's frames need {needed:,} bytes, more than {where} has; lower buffer_size"
        ) from error


def _check_numbers(capacity: int, slots: int, n_step: int, gamma: float) -> None:
    if slots < 1:
        raise UserError(f"a replay must have at least 1 slot, not {slots}")
    if not 1 <= n_step <= capacity:
        raise UserError(f"buffer_size must be at least the {n_step} steps of a return (at least 1), not {capacity}")
    if not 0 <= gamma <= 1:
        raise UserError(f"gamma must lie in [0, 1], not {gamma}")


def _check_field(name: str, array: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if array is None:
        raise UserError(f"the frame has no field {name!r}")
    if array.shape != shape:
        raise UserError(f"the frame's {name} must have shape {shape}, a first axis of slots, not {array.shape}")
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise UserError(f"the frame's {name} must be {dtype}, not {array.dtype}")


def _check_finite(name: str, array: Array, chosen: Bools | None) -> None:
    bad = ~np.isfinite(array)
    if chosen is not None:
        bad[~chosen] = False
    if bad.any():
        slot = int(np.argwhere(bad)[0][0])
        raise UserError(f"the frame's {name} of slot {slot} holds {array[bad][0]}; observations must be finite numbers")


def _check_bytes(capacity: int, slots: int, needed: int) -> None:
    available = available_bytes()
    if needed > available:
        raise UserError(
            f"a replay of {capacity:,} transitions for each of {slots} seeds needs {needed:,} bytes, more than the "
            f"{available:,} available; lower buffer_size"
        )
