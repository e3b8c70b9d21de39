"""Curves over steps: the mean over seeds and its band, from a member's records."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from daedalus.core.arrays import Floats

_POINTS = 200  # at most so many points a curve; more would not be seen


@dataclass(frozen=True, eq=False)
class Band:
    """The mean over seeds at each step with a pointwise 95 % interval (NaN where one seed leaves none)."""

    steps: Floats  # (E,)
    mean: Floats  # (E,)
    low: Floats  # (E,)
    high: Floats  # (E,)

    def scaled(self, factor: Floats | float) -> "Band":
        """All of it times a factor, which may differ from step to step."""
        return Band(self.steps, self.mean * factor, self.low * factor, self.high * factor)

    def within(self, low: float = -np.inf, high: Floats | float = np.inf) -> "Band":
        """The same with its interval cut to what is possible, which may differ from step to step."""
        return Band(self.steps, self.mean, np.maximum(self.low, low), np.minimum(self.high, high))

    def bare(self) -> "Band":
        """The mean alone."""
        return Band(self.steps, self.mean, np.full_like(self.low, np.nan), np.full_like(self.high, np.nan))

    @property
    def known(self) -> bool:
        """Whether there is any number to show."""
        return bool(np.isfinite(self.mean).any())

    def last(self) -> tuple[float, float, float]:
        """The last finite mean and its interval."""
        finite = np.flatnonzero(np.isfinite(self.mean))
        at = finite[-1] if finite.size else -1
        return float(self.mean[at]), float(self.low[at]), float(self.high[at])


def matrix(table: Any, column: str) -> tuple[Floats, Floats]:
    """A column of a curve table as (steps (E,), values (N, E)); NaN where a seed has no row at a step."""
    steps, at = np.unique(np.asarray(table["step"]), return_inverse=True)
    seeds, row = np.unique(np.asarray(table["seed"]), return_inverse=True)
    values = np.full((seeds.size, steps.size), np.nan)
    values[row, at] = np.asarray(table[column], dtype=np.float64)
    return steps.astype(np.float64), values


def band(table: Any, column: str) -> Band:
    """The mean of a column over seeds with Student's 95 % interval at each step, NaN rows left out."""
    return over_seeds(*matrix(table, column))


def tagged(table: Any | None) -> dict[str, Band]:
    """The mean of every tag of a scalars' table over seeds, in the order in which the tags come."""
    if table is None:
        return {}
    tags = np.asarray(table["tag"])
    whole = {name: np.asarray(table[name]) for name in ("seed", "step", "value")}
    return {
        tag: band({name: column[tags == tag] for name, column in whole.items()}, "value")
        for tag in dict.fromkeys(tags.tolist())
    }


def over_seeds(steps: Floats, values: Floats) -> Band:
    """The mean of values (N, E) at steps (E,) over seeds with Student's 95 % interval, NaN left out."""
    if steps.size > _POINTS:
        keep = np.unique(np.linspace(0, steps.size - 1, _POINTS).round().astype(int))
        steps, values = steps[keep], values[:, keep]
    there = np.isfinite(values)
    count = there.sum(axis=0).astype(np.float64)
    some = np.maximum(count, 1)
    mean = np.where(count > 0, np.where(there, values, 0).sum(axis=0) / some, np.nan)
    spread = (np.where(there, values - mean, 0) ** 2).sum(axis=0) / np.maximum(count - 1, 1)
    reach = np.where(count > 1, special.stdtrit(np.maximum(count - 1, 1), 0.975) * np.sqrt(spread / some), np.nan)
    return Band(steps, mean, mean - reach, mean + reach)
