"""How trajectories lie on disk: a folder with a file for each field, one for the episodes, and an index.

    index.json          what fields there are, and how many episodes and steps; renamed into place last
    episodes.bin        for each episode its steps L and whether the world ended, two int64
    frame.NAME.bin      L + 1 frames of each episode, one episode behind the other
    step.NAME.bin       L steps of each episode, likewise

What lies behind the counts of the index was not finished, and the next recorder writes over it. Numbers are
little-endian.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from daedalus.core.arrays import Bools, Ints
from daedalus.core.errors import UserError
from daedalus.core.files import damaged, read_json, unreadable

from .fields import Array, Field

_FORMAT = "daedalus trajectories"
_VERSION = 1

_REMEDY = "name the folder of a store of trajectories, or record it anew"

#: Names that views give to what they find out.
_RESERVED = frozenset({"terminated", "first", "last"})


@dataclass(frozen=True)
class Layout:
    """The fields of frames, L + 1 an episode, and of steps, L an episode."""

    frame: Mapping[str, Field]
    step: Mapping[str, Field]

    def __post_init__(self) -> None:
        if not self.frame:
            raise UserError("trajectories must have at least one field of frames")
        names = [*self.frame, *(f"next_{name}" for name in self.frame), *self.step, *_RESERVED]
        for name in names:
            if not (name.isascii() and name.isidentifier()):
                raise UserError(f"a field cannot be called {name!r}; take letters, digits and underscores")
            if names.count(name) > 1:
                raise UserError(f"two fields would be called {name!r}; name one otherwise")

    @property
    def files(self) -> dict[str, Field]:
        """The name of each field's file, without ending."""
        frames = {f"frame.{name}": field for name, field in self.frame.items()}
        return frames | {f"step.{name}": field for name, field in self.step.items()}


@dataclass(frozen=True)
class Index:
    """What a store vouches for."""

    layout: Layout
    episodes: int
    steps: int

    def rows(self, name: str) -> int:
        """How many rows there are of the file of that name."""
        return self.steps + (self.episodes if name.startswith("frame.") else 0)

    def told(self) -> dict[str, Any]:
        """The index as JSON."""
        return {"format": _FORMAT, "version": _VERSION, "episodes": self.episodes, "steps": self.steps} | {
            kind: {name: {"shape": list(field.shape), "dtype": field.dtype} for name, field in fields.items()}
            for kind, fields in (("frame", self.layout.frame), ("step", self.layout.step))
        }


def index_path(folder: Path) -> Path:
    """The index's file."""
    return folder / "index.json"


def data_path(folder: Path, name: str) -> Path:
    """The file of a field, or of the episodes."""
    return folder / f"{name}.bin"


def stored(field: Field) -> np.dtype[Any]:
    """How a field's numbers lie on disk."""
    return np.dtype(field.dtype).newbyteorder("<")


def read_index(folder: Path) -> Index:
    """Read an index. Raises `UserError` for a folder that is no store, another version, or damage."""
    path = index_path(folder)
    keys = {"format": str, "version": int, "episodes": int, "steps": int, "frame": dict, "step": dict}
    if folder.is_dir() and not path.exists():
        raise UserError(f"{folder} is no store of trajectories (it has no {path.name}); {_REMEDY}")
    found = read_json(path, _REMEDY, {"format": str})
    if found["format"] != _FORMAT:
        raise UserError(f"{folder} is no store of trajectories (its format is {found['format']!r}); {_REMEDY}")
    if found.get("version") != _VERSION:
        raise UserError(f"{folder} is of version {found.get('version')}, this program reads {_VERSION}; {_REMEDY}")
    found = read_json(path, _REMEDY, keys)
    if found["episodes"] < 0 or found["steps"] < 0:
        raise damaged(path, "negative counts", _REMEDY)
    try:
        layout = Layout(*({name: _field(told) for name, told in found[kind].items()} for kind in ("frame", "step")))
    except (UserError, TypeError, KeyError, ValueError) as error:
        raise damaged(path, error, _REMEDY) from error
    return Index(layout, found["episodes"], found["steps"])


def _field(told: Any) -> Field:
    if not isinstance(told["dtype"], str):
        raise ValueError(f"dtype {told['dtype']!r}")
    return Field(tuple(int(axis) for axis in told["shape"]), told["dtype"])


def read_episodes(folder: Path, index: Index) -> tuple[Ints, Bools]:
    """Steps of every episode and whether the world ended, both (E,). Raises `UserError` where they cannot be."""
    path = data_path(folder, "episodes")
    table = mapped(path, np.dtype("<i8"), (index.episodes, 2))
    lengths, ended = np.array(table[:, 0], np.int64), np.array(table[:, 1], np.int64)
    if lengths.sum() != index.steps or (lengths < 0).any() or not np.isin(ended, (0, 1)).all():
        raise damaged(path, "not the episodes of its index", _REMEDY)
    return lengths, ended == 1


def mapped(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """The first rows of a file, mapped read-only. Raises `UserError` where it is missing or shorter."""
    needed = math.prod(shape) * dtype.itemsize
    try:
        size = path.stat().st_size
        if size < needed:
            raise damaged(path, f"{size:,} bytes where its index names {needed:,}", _REMEDY)
        if needed == 0:
            return np.empty(shape, dtype)
        return np.asarray(np.memmap(path, dtype, "r", shape=shape))
    except OSError as error:
        raise unreadable(path, error, _REMEDY) from error
