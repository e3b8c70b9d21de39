"""Arms of one's own: reward laws by name, and any SciPy distribution, put together to a bandit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.pulls import table_mean
from daedalus.core.world import Bandit, Law

#: Cells of equal probability into which a distribution is divided.
CELLS = 4096


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm: its law, true mean and, as `Bandit` says, spread and knots (M,)."""

    law: Law
    mean: float
    spread: float = 1.0
    knots: Floats | None = None


def gaussian(mean: float, deviation: float = 1.0) -> Arm:
    """Pays N(mean, deviation²)."""
    return Arm("gaussian", mean, deviation)


def bernoulli(p: float) -> Arm:
    """Pays 1 with probability p, else 0."""
    return Arm("bernoulli", p)


def uniform(low: float, high: float) -> Arm:
    """Pays something between low and high, all equally likely."""
    return Arm("uniform", (low + high) / 2, high - low)


def exponential(mean: float) -> Arm:
    """Pays an exponentially distributed amount."""
    return Arm("exponential", mean)


def constant(reward: float) -> Arm:
    """Always pays the same."""
    return Arm("constant", reward)


def tabulated(distribution: Any) -> Arm:
    """An arm that pays what a frozen SciPy distribution draws: `tabulated(scipy.stats.beta(2, 5))`.

    Its inverse distribution function stands in a table of `CELLS` cells of equal probability. In a cell of a
    continuous distribution values are equally likely; an infinite tail is one cell, as wide as its mean asks for, so
    nothing beyond is ever paid. Probabilities of a discrete distribution are rounded to multiples of 1 / CELLS. The
    arm's true mean is that of the table, which is exactly what is paid. Raises `UserError` where there is no mean.
    """
    try:
        mean, low, high = float(distribution.mean()), float(distribution.ppf(0.0)), float(distribution.ppf(1.0))
        discrete = hasattr(distribution.dist, "pmf")
    except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f"an arm is one of ours or a frozen SciPy distribution, not {distribution!r}") from error
    if not math.isfinite(mean):
        raise UserError(f"an arm needs a finite mean, and that of {_called(distribution)} is {mean}")
    if discrete:
        knots = np.asarray(distribution.ppf((np.arange(CELLS + 1) + 0.5).clip(max=CELLS - 0.5) / CELLS))
        return Arm("steps", table_mean(knots, smooth=False), knots=knots)
    knots = np.asarray(distribution.ppf(np.arange(CELLS + 1) / CELLS))
    if not math.isfinite(low):
        knots[0] = 2 * _mean_between(distribution, 0.0, 1 / CELLS) - knots[1]
    if not math.isfinite(high):
        knots[-1] = 2 * _mean_between(distribution, 1 - 1 / CELLS, 1.0) - knots[-2]
    return Arm("table", table_mean(knots, smooth=True), knots=knots)


def _mean_between(distribution: Any, low: float, high: float) -> float:
    """The mean of what lies between two quantiles: the average of the inverse distribution function."""
    from scipy.integrate import quad

    inverse, beyond = (distribution.ppf, low) if low == 0 else (distribution.isf, 1 - high)
    area, _ = quad(inverse, beyond, beyond + high - low, limit=200)
    return float(area) / (high - low)


def _called(distribution: Any) -> str:
    return str(getattr(distribution.dist, "name", "this distribution"))


def bandit_of(arms: Sequence[Any], drift: float = 0.0, name: str = "bandit") -> Bandit:
    """A bandit of one's own arms: each one of ours (`gaussian(1)`, `bernoulli(.3)`) or a frozen SciPy distribution.

    `drift` is the standard deviation by which every arm's mean walks at each pull. Raises `UserError`.
    """
    made = [arm if isinstance(arm, Arm) else tabulated(arm) for arm in arms]
    knots = None
    if any(arm.knots is not None for arm in made):
        nothing = np.zeros(CELLS + 1)
        knots = np.array([nothing if arm.knots is None else arm.knots for arm in made])
    return Bandit(
        name,
        tuple(arm.law for arm in made),
        np.array([arm.mean for arm in made]),
        np.array([arm.spread for arm in made]),
        knots,
        drift=drift,
    )


def bandit_paying(rewards: Floats, repeat: bool = False, name: str = "bandit") -> Bandit:
    """A bandit that pays rewards (T, A) set in advance: pull t of arm a pays `rewards[t, a]`.

    After T pulls the last row stays, or with `repeat` the rows come round again.
    """
    table = np.asarray(rewards, dtype=np.float64)
    if table.ndim != 2 or not len(table):
        raise UserError(f"rewards must have shape (pulls, arms), not {table.shape}")
    return Bandit(
        name, "constant", table, since=np.arange(len(table)), period=len(table) if repeat and len(table) else None
    )
