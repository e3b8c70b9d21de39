"""Bootstrap intervals that are honest with few seeds.

A percentile bootstrap is too narrow with few seeds: resampling n scores understates their spread by √((n-1)/n),
and it takes the normal quantile where Student's is due; for the IQM of 5 normal scores a 95 % interval covers
about 90 %. So each percentile bound is moved away from the estimate by the factor √(n/(n-1)) · t(n-1) / z: the two
corrections of Hesterberg (2015, "What teachers should know about the bootstrap"), applied to the length instead of
the level, because moved bounds can leave the range of the data, as they must with three to five seeds.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from daedalus.core.arrays import Floats

from .measures import Estimate, checked

Statistic = Callable[[Floats, int], Floats]

RESAMPLES = 2_000
#: The quantiles of a 95 % interval.
BOUNDS = (0.025, 0.975)
_CHUNK = 2_000_000  # scores resampled at once


def widened(value: Floats, percentiles: Floats, counts: Sequence[int]) -> tuple[Floats, Floats]:
    """Move percentile bounds, (2, …) around `value` (…), away from it; `counts` are the seeds of each stratum.

    The smallest stratum decides by how much: one world may carry all the spread of the pooled statistic.
    """
    n = min(counts)
    factor = float(np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975))
    low, high = percentiles
    return value + factor * np.minimum(low - value, 0.0), value + factor * np.maximum(high - value, 0.0)


def resampled(strata: Sequence[Floats], statistic: Statistic, rng: np.random.Generator, resamples: int) -> Floats:
    """The statistic of `resamples` stratified resamples: seeds are redrawn within each stratum, then pooled."""
    total = sum(stratum.size for stratum in strata)
    rows = max(1, _CHUNK // total)
    parts = []
    for begin in range(0, resamples, rows):
        count = min(rows, resamples - begin)
        drawn = [stratum[rng.integers(0, stratum.size, size=(count, stratum.size))] for stratum in strata]
        parts.append(statistic(np.concatenate(drawn, axis=1), -1))
    return np.concatenate(parts)


def interval(
    strata: Sequence[Floats], statistic: Statistic, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Estimate:
    """The statistic of the pooled strata with its 95 % widened percentile bootstrap interval.

    `strata` holds the scores (n,) of each world. Equal scores give an interval of width zero; a stratum of one
    seed gives NaN bounds, since one seed says nothing about the spread.
    """
    strata = [checked(stratum) for stratum in strata]
    point = statistic(np.concatenate(strata), -1)
    value = float(point)
    if min(stratum.size for stratum in strata) < 2:
        return Estimate(value, np.nan, np.nan)
    if all(np.all(stratum == stratum[0]) for stratum in strata):
        return Estimate(value, value, value)
    percentiles = np.quantile(resampled(strata, statistic, rng, resamples), BOUNDS)
    low, high = widened(point, percentiles, [stratum.size for stratum in strata])
    return Estimate(value, float(low), float(high))
