"""Trajectories: whole episodes on disk, mapped into memory, seen as transitions, as windows of steps or of frames.

`Recorder` writes them. Only what a view is asked for is read; in memory stand a few numbers for each episode.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from daedalus.core.arrays import Bools, Ints
from daedalus.core.errors import UserError
from daedalus.core.rng import generator

from .fields import Array, Field
from .layout import data_path, mapped, read_episodes, read_index, stored


class Episode(NamedTuple):
    """One episode: fields of frames (L + 1, …) and of steps (L, …), and whether the world ended."""

    frame: dict[str, Array]
    step: dict[str, Array]
    terminated: bool


class Part(NamedTuple):
    """Some episodes of a store: (E,) each."""

    number: Ints  # in the store
    length: Ints  # steps
    terminated: Bools
    first_step: Ints  # row of its first step in the store
    first_frame: Ints


@final
class Trajectories:
    """A store of trajectories, or a part of it, read-only; it sees what was committed when it was opened."""

    def __init__(
        self, frame: Mapping[str, Field], step: Mapping[str, Field], data: Mapping[str, Array], part: Part
    ) -> None:
        self.frame, self.step = frame, step
        self._data, self._part = data, part

    @classmethod
    def open(cls, folder: Path) -> "Trajectories":
        """Open a whole store. Raises `UserError` for a folder that is none, of another version, or damaged.

        Lengths are checked, the numbers in it are not: that would take reading all.
        """
        index = read_index(folder)
        lengths, terminated = read_episodes(folder, index)
        number, first_step = np.arange(index.episodes), np.cumsum(lengths) - lengths
        data = {
            name: mapped(data_path(folder, name), stored(field), (index.rows(name), *field.shape))
            for name, field in index.layout.files.items()
        }
        part = Part(number, lengths, terminated, first_step, first_step + number)
        return cls(index.layout.frame, index.layout.step, data, part)

    @property
    def episodes(self) -> int:
        """How many episodes there are, E."""
        return len(self._part.number)

    @property
    def lengths_E(self) -> Ints:
        """The steps of each episode, (E,)."""
        return self._part.length

    @property
    def numbers_E(self) -> Ints:
        """The numbers of the episodes in the whole store, (E,)."""
        return self._part.number

    def episode(self, which: int) -> Episode:
        """An episode, 0…E-1, not copied."""
        if not 0 <= which < self.episodes:
            raise UserError(f"there is no episode {which}; there are {self.episodes}")
        length, step, frame = (int(part[which]) for part in (self._part.length, *self._part[3:]))
        return Episode(
            {name: self._data[f"frame.{name}"][frame : frame + length + 1] for name in self.frame},
            {name: self._data[f"step.{name}"][step : step + length] for name in self.step},
            bool(self._part.terminated[which]),
        )

    def select(self, which_E: Ints | Bools) -> "Trajectories":
        """The part of these episodes: their places among these ones, or a mask (E,)."""
        which = np.asarray(which_E)
        fits = which.shape == (self.episodes,) if which.dtype == np.bool_ else which.ndim == 1
        if not fits or (which.dtype != np.bool_ and which.size and not 0 <= which.min() <= which.max() < self.episodes):
            raise UserError(f"episodes must be numbers 0…{self.episodes - 1}, or a mask of {self.episodes}")
        return Trajectories(self.frame, self.step, self._data, Part(*(array[which] for array in self._part)))

    def split(self, parts: Mapping[str, float], seed: int = 0) -> dict[str, "Trajectories"]:
        """Every episode falls into one of the parts by chance, with these probabilities.

        Which one is a function of the episode's number in the store and the seed: episodes recorded later move none.
        """
        shares = np.array(list(parts.values()), np.float64)
        if not shares.size or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-9:
            raise UserError(f"the parts of a split must be at least 0 and sum to 1, not {dict(parts)}")
        most = int(self._part.number.max()) + 1 if self.episodes else 0
        drawn = generator(seed, "split").random(most)[self._part.number]
        falls = np.minimum(np.searchsorted(np.cumsum(shares), drawn, side="right"), np.flatnonzero(shares)[-1])
        return {name: self.select(falls == k) for k, name in enumerate(parts)}

    def transitions(self) -> "Windows":
        """Every step by itself: as `windows(1)`, without the axis of time."""
        return Windows(self, 1, 1, crossing=False, flat=True)

    def windows(self, length: int, every: int = 1, crossing: bool = False) -> "Windows":
        """All stretches of `length` steps, one beginning at every `every`-th step of an episode.

        `crossing` sees the episodes as one stream, whose stretches may hold the end of one and the beginning of the
        next.
        """
        return Windows(self, length, every, crossing)

    def frames(self, length: int = 1, every: int = 1, crossing: bool = False) -> "Frames":
        """All stretches of `length` frames, as `windows` for steps: of what is no step at all, such as text."""
        return Frames(self, length, every, crossing)


class _Stretches:
    """Which rows of a store the stretches of some length hold."""

    def __init__(self, lengths_E: Ints, length: int, every: int, crossing: bool, what: str) -> None:
        if length < 1 or every < 1:
            raise UserError(f"windows must hold and begin every 1 {what} or more, not {length} and {every}")
        self._length, self._every = length, every
        self._begins = np.cumsum(lengths_E) - lengths_E  # of each episode, in the stream of these episodes
        source = np.array([lengths_E.sum()]) if crossing else lengths_E  # what a stretch may not leave
        counts = np.maximum((source - length) // every + 1, 0)
        self._source_begins, self._until = np.cumsum(source) - source, np.cumsum(counts)
        self.size = int(counts.sum())
        if self.size == 0:
            raise UserError(f"no episode has {length} {what}s; take shorter windows or longer episodes")

    def places(self, indices: Ints) -> tuple[Ints, Ints]:
        """Of the stretches of these indices, the episode of each row and its place in that, both (B, T)."""
        which = np.asarray(indices)
        if which.ndim != 1 or which.dtype.kind not in "iu":
            raise UserError(f"indices must be whole numbers (B,), not {which.dtype} {which.shape}")
        if which.size and not 0 <= which.min() <= which.max() < self.size:
            raise UserError(f"indices must lie in 0…{self.size - 1}, not {which.min()}…{which.max()}")
        source = np.searchsorted(self._until, which, side="right")
        before = np.where(source > 0, self._until[source - 1], 0)
        first = self._source_begins[source] + (which - before) * self._every
        stream = first[:, None] + np.arange(self._length)
        episode = np.searchsorted(self._begins, stream, side="right") - 1  # of empty ones the last begins there
        return episode, stream - self._begins[episode]


@final
class Windows:
    """Stretches of steps; `take` gives some of them, so that these are examples (`daedalus.core.data.Examples`)."""

    def __init__(self, store: Trajectories, length: int, every: int, crossing: bool, flat: bool = False) -> None:
        self._store, self._flat = store, flat
        self._stretches = _Stretches(store._part.length, length, every, crossing, "step")

    @property
    def size(self) -> int:
        """How many there are."""
        return self._stretches.size

    def take(self, indices: Ints) -> dict[str, Array]:
        """The windows of these indices, each array (B, T, …).

        Fields of steps stand under their names, the frame before each step under its name and the one it led to under
        "next_" + name. "terminated" says after which steps the world ended, "first" and "last" which step begins its
        episode and which is the last of it, ended or cut.
        """
        store, part = self._store, self._store._part
        episode, place = self._stretches.places(indices)
        step, frame = part.first_step[episode] + place, part.first_frame[episode] + place
        last = place == part.length[episode] - 1
        batch = {name: store._data[f"step.{name}"][step] for name in store.step}
        for name in store.frame:
            batch[name], batch[f"next_{name}"] = (store._data[f"frame.{name}"][row] for row in (frame, frame + 1))
        batch |= {"terminated": last & part.terminated[episode], "first": place == 0, "last": last}
        return {name: array[:, 0] for name, array in batch.items()} if self._flat else batch


@final
class Frames:
    """Stretches of frames alone, the last ones of episodes too."""

    def __init__(self, store: Trajectories, length: int, every: int, crossing: bool) -> None:
        self._store = store
        self._stretches = _Stretches(store._part.length + 1, length, every, crossing, "frame")

    @property
    def size(self) -> int:
        """How many there are."""
        return self._stretches.size

    def take(self, indices: Ints) -> dict[str, Array]:
        """The windows of these indices, each field (B, T, …); "first" says which frame begins an episode."""
        episode, place = self._stretches.places(indices)
        rows = self._store._part.first_frame[episode] + place
        return {name: self._store._data[f"frame.{name}"][rows] for name in self._store.frame} | {"first": place == 0}
