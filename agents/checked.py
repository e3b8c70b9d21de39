"""Whether arrays from a file are the state of learners: compiled loops check no bounds, so they must be met before."""

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.world import LONGEST

from .bandit_rules import BanditPopulation
from .table_rules import Population


def check(arrays: Columns, like: Population | BanditPopulation) -> None:
    """Refuse arrays that are no state of learners such as `like`. Raises `UserError` saying what is wrong.

    Names, dtypes and shapes must be those of `like`, floats finite, states and actions (or -1, none) existing ones,
    and counts at least 0; all learners stand at the same step.
    """
    if odd := set(arrays) ^ set(like._fields):
        raise UserError(f"{', '.join(sorted(odd))}: missing or unknown")
    ranges = {"state": (0, like.q.shape[1]), "action": (-1, like.q.shape[-1])}
    for name, model in like._asdict().items():
        array = arrays[name]
        if array.dtype != model.dtype or array.shape != model.shape:
            raise UserError(f"{name} is {array.dtype} {array.shape}, not {model.dtype} {model.shape}")
        low, beyond = ranges.get(name, (0, LONGEST))
        good = np.isfinite(array) if model.dtype.kind == "f" else (array >= low) & (array < beyond)
        if not good.all():
            raise UserError(f"{name} holds {array[~good][0]}")
    if np.ptp(arrays["t"]):
        raise UserError("t differs between learners")


def take_up(arrays: Columns, now: Population | BanditPopulation) -> None:
    """Copy a snapshot's arrays into `now`. Raises `UserError` where they are no state of such learners."""
    try:
        check(arrays, now)
    except UserError as error:
        raise damaged_snapshot(error) from error
    for name, array in now._asdict().items():
        array[...] = arrays[name]


def damaged_snapshot(why: object) -> UserError:
    """The error for a snapshot that is none."""
    return UserError(
        f"a snapshot is damaged ({why});\ndelete the folders called partial in the run's folder and run it again"
    )
