"""Named fields of frames and steps: their shapes and what their numbers are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from daedalus.core.errors import UserError

Array = np.typing.NDArray[Any]

#: Names in a batch that frames may not take.
RESERVED = frozenset({"action", "reward", "discount", "weight", "index"})

_DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
_MOST_AXES = 16


@dataclass(frozen=True)
class Field:
    """One named part of a frame: the shape of a single one, and what its numbers are."""

    shape: tuple[int, ...] = ()
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.dtype not in _DTYPES:
            raise UserError(f"a field must be one of {', '.join(_DTYPES)}, not {self.dtype!r}")
        if len(self.shape) > _MOST_AXES or any(axis < 1 for axis in self.shape):
            raise UserError(f"a field must have at most {_MOST_AXES} axes, each of at least 1, not {self.shape}")

    @property
    def bytes(self) -> int:
        """The bytes of one."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def check_fields(frame: Mapping[str, Field]) -> None:
    """Refuse names that a batch needs for something else. Raises `UserError`."""
    if not frame:
        raise UserError("a frame must have at least one field")
    taken = RESERVED | {f"next_{name}" for name in frame}
    if clash := sorted(taken & set(frame)):
        raise UserError(f"a field of frames cannot be called {clash[0]!r}: batches use that name; name it otherwise")
