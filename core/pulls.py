"""Pulling the arms of a bandit: the compiled draws that environments and learners share.

Pull t, counted since seeding, draws its reward from number 2t of the stream "world", whichever arm is pulled. Where
the means of A arms drift, the step of arm a after pull t comes from number tA + a of the stream "drift": seed i meets
the same walk whoever plays.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, get_args

import numpy as np

from .arrays import Floats, Ints
from .compiled import inlined
from .draws import normal, uniform
from .errors import UserError
from .world import LONGEST, Bandit, Law

#: The reward laws of `Bandit`, as compiled code knows them.
LAWS: dict[Law, int] = {law: code for code, law in enumerate(get_args(Law))}

_GAUSSIAN, _BERNOULLI, _UNIFORM, _EXPONENTIAL, _CONSTANT, _TABLE, _STEPS = LAWS.values()


class Arms(NamedTuple):
    """B bandits of one kind, laid out for pulling; `since`, `period` and `drift` are as in `Bandit`."""

    law: Ints  # (A,), values of `LAWS`
    means: Floats  # (B, P, A)
    spread: Floats  # (B, A); of an arm with a table: the table's own mean
    knots: Floats  # (A, M), or (A, 0)
    since: Ints  # (P,)
    period: int  # `LONGEST` where the last phase stays
    drift: float


def arms_of(bandits: Sequence[Bandit]) -> Arms:
    """The layout of bandits that differ in their means and spreads only. Raises `UserError` for others."""
    first, kind = bandits[0], _kind(bandits[0])
    if any(_kind(other) != kind for other in bandits if other is not first):
        raise UserError(
            f"{first.name}: all bandits of a population need one law, one number of arms and one way to change"
        )
    law = np.array([LAWS[law] for law in first.laws], dtype=np.int64)
    knots = np.empty((first.arms, 0)) if first.knots is None else np.ascontiguousarray(first.knots)
    spread = np.array([bandit.spread for bandit in bandits], dtype=np.float64)
    for arm in np.flatnonzero((law == _TABLE) | (law == _STEPS)):
        spread[:, arm] = table_mean(knots[arm], smooth=bool(law[arm] == _TABLE))
    since = np.zeros(1, dtype=np.int64) if first.since is None else np.array(first.since, dtype=np.int64)
    means = np.array([bandit.phases for bandit in bandits], dtype=np.float64)
    return Arms(law, means, spread, knots, since, first.period or LONGEST, float(first.drift))


def _kind(bandit: Bandit) -> tuple[object, ...]:
    arrays = [None if array is None else array.tobytes() for array in (bandit.knots, bandit.since)]
    return (bandit.laws, bandit.means.shape, bandit.period, bandit.drift, *arrays)


def table_mean(knots: Floats, smooth: bool) -> float:
    """The mean of what is drawn from a row of knots (M,): "table" where smooth, else "steps"."""
    ends = (knots[1:] + knots[:-1]) / 2 if smooth else knots[:-1]
    return math.fsum(ends) / ends.size


@inlined
def from_table(knots: Floats, arm: int, u: float, smooth: bool) -> float:
    """The value of an arm's inverse distribution function at u in [0, 1); knots (A, M)."""
    place = u * (knots.shape[1] - 1)
    cell = int(place)
    low = knots[arm, cell]
    return float(low + (place - cell) * (knots[arm, cell + 1] - low)) if smooth else float(low)


@inlined
def pull(arms: Arms, row: int, arm: int, mean: float, key: np.uint64, t: int) -> float:
    """The reward of pull number t of an arm of bandit `row`, whose true mean is now `mean`."""
    law, spread, counter = arms.law[arm], arms.spread[row, arm], np.uint64(2) * np.uint64(t)
    if law == _GAUSSIAN:
        return float(mean + spread * normal(key, counter))
    u = uniform(key, counter)
    if law == _BERNOULLI:
        return 1.0 if u < mean else 0.0
    if law == _UNIFORM:
        return float(mean + spread * (u - 0.5))
    if law == _EXPONENTIAL:
        return mean * -math.log(1.0 - u)
    if law == _CONSTANT:
        return mean
    return float((mean - spread) + from_table(arms.knots, arm, u, law == _TABLE))


@inlined
def phase_at(arms: Arms, t: int) -> int:
    """The phase in which pull number t is made."""
    position = t % arms.period
    low, high = 0, arms.since.size - 1
    while low < high:  # bisection: the last phase that has begun
        middle = (low + high + 1) // 2
        if arms.since[middle] <= position:
            low = middle
        else:
            high = middle - 1
    return low


@inlined
def next_phase(arms: Arms, t: int, phase: int) -> int:
    """The first pull after the phase in which pull number t is made."""
    after = arms.since[phase + 1] if phase + 1 < arms.since.size else arms.period
    return int(t - t % arms.period + after)


@inlined
def mean_now(arms: Arms, row: int, phase: int, arm: int, walked: float) -> float:
    """The true mean of an arm that has drifted by `walked`; a probability turns back at 0 and 1."""
    mean = arms.means[row, phase, arm] + walked
    if arms.law[arm] == _BERNOULLI and (mean < 0.0 or mean > 1.0):
        mean %= 2.0
        return float(2.0 - mean) if mean > 1.0 else float(mean)
    return float(mean)


@inlined
def walk_on(arms: Arms, walk: Floats, row: int, key: np.uint64, t: int) -> None:
    """Let the arms of a row of walk (N, A) drift after pull number t, drawing from the stream "drift"."""
    count = walk.shape[1]
    for arm in range(count):
        walk[row, arm] += arms.drift * normal(key, np.uint64(t) * np.uint64(count) + np.uint64(arm))
