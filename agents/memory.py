"""All arrays of a population of learners, and whether arrays from a file may take their place.

Compiled loops check no bounds, so what comes from a file must be met before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.world import LONGEST


@dataclass(frozen=True, eq=False)
class Memory:
    """What all learners have (`now`), and the own arrays of these (`own`): NamedTuples of arrays, leading (N,).

    `ranges` gives the half-open range of integer arrays whose values are used as indices.
    """

    now: Any
    own: Any = ()
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def arrays(self) -> dict[str, np.typing.NDArray[Any]]:
        """Every array by name, not copied; the own ones as "own.name"."""
        own = self.own._asdict() if self.own else {}
        return {**self.now._asdict(), **{f"own.{name}": array for name, array in own.items()}}

    def copy(self) -> dict[str, np.typing.NDArray[Any]]:
        """Every array by name, for a snapshot."""
        return {name: array.copy() for name, array in self.arrays.items()}

    def check(self, arrays: Columns) -> None:
        """Refuse arrays that are no state of such learners. Raises `UserError` saying what is wrong.

        Names, dtypes and shapes must be the same, floats finite, indices in their ranges (actions may be -1, none), and
        counts at least 0; all learners stand at the same step.
        """
        mine = self.arrays
        if odd := set(arrays) ^ set(mine):
            raise UserError(f"{', '.join(sorted(odd))}: missing or unknown")
        for name, model in mine.items():
            array = arrays[name]
            if array.dtype != model.dtype or array.shape != model.shape:
                raise UserError(f"{name} is {array.dtype} {array.shape}, not {model.dtype} {model.shape}")
            low, beyond = self.ranges.get(name, (0, LONGEST))
            good = np.isfinite(array) if model.dtype.kind == "f" else (array >= low) & (array < beyond)
            if not good.all():
                raise UserError(f"{name} holds {array[~good][0]}")
        if np.ptp(arrays["t"]):
            raise UserError("t differs between learners")

    def take_up(self, arrays: Columns) -> None:
        """Copy a snapshot's arrays into these. Raises `UserError` where they are no state of such learners."""
        try:
            self.check(arrays)
        except UserError as error:
            raise damaged_snapshot(error) from error
        for name, array in self.arrays.items():
            array[...] = arrays[name]


def damaged_snapshot(why: object) -> UserError:
    """The error for a snapshot that is none."""
    return UserError(
        f"a snapshot is damaged ({why});\ndelete the folders called partial in the run's folder and run it again"
    )
