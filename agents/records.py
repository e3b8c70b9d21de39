"""Rows for the store: every trial fills the same columns."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.lab.experiment import BELIEFS, CURVE, Columns, Record, Snapshot

from .memory import damaged_snapshot

#: Steps of all seeds together after which a snapshot is due: seconds of work, which is what a killed run may lose.
REST_STEPS = 10**8

#: What a column holds where a trial has nothing to say.
_ABSENT = {np.float64: np.nan, np.int64: 0, np.bool_: False}


def curve_record(seeds: Sequence[int], step: int, **columns: Any) -> Record:
    """The rows of one evaluation point, one per seed, with every column of `CURVE`.

    Columns are (N,) arrays or scalars for all seeds; those not given are NaN (0 episodes, not exact).
    """
    if stray := set(columns) - set(CURVE):
        raise TypeError(f"not in CURVE: {', '.join(sorted(stray))}")
    rows: dict[str, Any] = {
        "seed": np.array(seeds, dtype=np.int64),
        "step": np.full(len(seeds), step, dtype=np.int64),
    }
    for name, dtype in CURVE.items():
        given: Any = np.asarray(columns.get(name, _ABSENT[dtype]), dtype=dtype)
        rows[name] = np.array(np.broadcast_to(given, (len(seeds),)))
    return Record("curve", rows)


def episodes_record(seed: int, rows: Any) -> Record:
    """The finished episodes of one seed from rows (M, 4): episode, step at its end, return, length."""
    return Record(
        "episodes",
        {
            "seed": np.full(len(rows), seed, dtype=np.int64),
            "episode": rows[:, 0].astype(np.int64),
            "step": rows[:, 1].astype(np.int64),
            "return": np.array(rows[:, 2], dtype=np.float64),
            "length": rows[:, 3].astype(np.int64),
        },
    )


def beliefs_record(seed: int, step: int, value_S: Floats, action_S: Ints, visits_S: Ints) -> Record:
    """What a seed believes at an evaluation point, with every column of `BELIEFS`: a row for each state or arm."""
    given = {"state": np.arange(value_S.size), "value": value_S, "action": action_S, "visits": visits_S}
    alike = {name: np.full(value_S.size, number, dtype=np.int64) for name, number in (("seed", seed), ("step", step))}
    return Record("beliefs", alike | {name: given[name].astype(dtype) for name, dtype in BELIEFS.items()})


def snapshot(step: int, arrays: Columns, seconds: float) -> Snapshot:
    """All state at `step`, and the seconds lived so far."""
    return Snapshot(step, {**arrays, "seconds": np.array(seconds)})


def rests(start: int, stop: int, seeds: int) -> Iterator[int]:
    """Where to halt for a snapshot on the way from step `start` to `stop`; the last one is `stop`."""
    stride = max(REST_STEPS // seeds, 1)
    yield from range(start + stride, stop, stride)
    yield stop


class Life(Protocol):
    """Learners that a snapshot can be given to."""

    @property
    def step(self) -> int:
        """Steps taken so far."""
        ...

    def restore(self, arrays: Columns) -> None:
        """Take up the state that these arrays hold."""
        ...


def resumed(resume: Snapshot, life: Life) -> float:
    """Let `life` take up a snapshot; return the seconds lived before it. Raises `UserError` where it is damaged."""
    arrays = dict(resume.arrays)
    seconds = arrays.pop("seconds", np.array(np.nan))
    life.restore(arrays)
    if life.step != resume.step:
        raise damaged_snapshot(f"t is {life.step}, not {resume.step}")
    if seconds.shape != () or not np.isfinite(seconds):
        raise damaged_snapshot(f"seconds is {seconds}")
    return float(seconds)
