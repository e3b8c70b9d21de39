"""What bounds the curves of a world: the best possible and random actions, also where they move in mid-run."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.numerals import number

from .bands import band


class Bound(NamedTuple):
    """A level under the label of whoever stands for it; where the world changes, `stairs` has every phase's."""

    label: str
    level: float  # at the end of the run; of a bandit that changes, on average over the run
    stairs: tuple[tuple[float, float], ...] = ()  # (from step, level), steps rising; empty where it never moves
    averaged: bool = False

    @property
    def levels(self) -> tuple[float, ...]:
        """Every level that it has had."""
        return tuple(level for _, level in self.stairs) or (self.level,)

    def at(self, steps: Floats) -> Floats:
        """The level by which one who has taken so many steps is judged (`Schedule.after`)."""
        if not self.stairs:
            return np.full(steps.shape, self.level)
        since, levels = np.array(self.stairs).T
        return np.asarray(levels[np.maximum(np.searchsorted(since, steps, side="left") - 1, 0)])

    @property
    def words(self) -> str:
        """The level as a sentence says it."""
        if self.averaged:
            return f"{self.label} {number(self.level)} on average"
        if len(set(self.levels)) == 1:
            return f"{self.label} {number(self.level)}"
        (_, first), *later = self.stairs
        told = [f"from step {since:,.0f} {number(level)}" for since, level in later[-3:]]
        return ", ".join([f"{self.label} {number(first)}", *(["…"] if len(later) > 3 else []), *told])


def bound(label: str, curves: Sequence[Any], column: str, since: Sequence[int] = (0,)) -> Bound | None:
    """The bound that a column of the members' curve tables says, a mean over seeds; None where no row knows it.

    `since` are the first steps of the world's phases. A level is what the first evaluation in its phase says.
    """
    found = [one for one in (band(curve, column) for curve in curves) if one.known]
    if not found:
        return None
    ends = (*since[1:], np.inf)
    stairs = []
    for first, end in zip(since, ends, strict=True):
        heights = [
            float(one.mean[there][0]) for one in found if (there := _within(one.steps, one.mean, first, end)).any()
        ]
        if heights:
            stairs.append((float(first), float(np.mean(heights))))
    return Bound(label, stairs[-1][1], tuple(stairs) if len(since) > 1 else ())


def moving_bound(label: str, curves: Sequence[Any], column: str) -> Bound | None:
    """The bound of a bandit that changes, whose column says the mean over all pulls so far.

    The stairs say the mean over the pulls of each interval; the level is that of the run.
    """
    found = [one for one in (band(curve, column) for curve in curves) if one.known]
    if not found:
        return None
    steps, means = found[0].steps, np.mean([one.mean for one in found], axis=0)
    since = np.append(0.0, steps[:-1])
    heights = np.diff(means * steps, prepend=0.0) / (steps - since)
    return Bound(label, float(means[-1]), tuple(zip(since.tolist(), heights.tolist(), strict=True)), averaged=True)


def _within(steps: Floats, mean: Floats, first: float, end: float) -> np.typing.NDArray[np.bool_]:
    """Which points are judged in the phase of these steps: those after one of them; point 0 in the first phase."""
    lived = np.maximum(steps - 1, 0)
    return np.isfinite(mean) & (first <= lived) & (lived < end)
