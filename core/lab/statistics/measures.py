"""Statistics of scores across seeds: point estimates, paired tests, improvement, profiles.

SciPy does the work wherever it has the statistic. Every function refuses scores that are not finite, and takes its
random generator as an argument, so the numbers of a resumed run equal the uninterrupted one's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from daedalus.core.arrays import Floats

#: Sign flips drawn, at least and at most, where enumerating all 2ⁿ would take more.
FLIPS, MOST_FLIPS = 9_999, 199_999
#: Up to this many paired seeds every sign flip is enumerated, and the p-value is exact.
EXACT_SEEDS = 13
_CHUNK = 4_000_000  # numbers held at once


class Estimate(NamedTuple):
    """A number and its 95 % interval; the bounds are NaN where the data allow none."""

    value: float
    low: float
    high: float

    def below(self, ceiling: float) -> "Estimate":
        """The same with its interval cut at a ceiling that no score can pass; rounding of `value` apart."""
        return self._replace(high=max(self.value, ceiling)) if self.high > ceiling else self

    def above(self, floor: float) -> "Estimate":
        """The same with its interval cut at a floor."""
        return self._replace(low=min(self.value, floor)) if self.low < floor else self


class Profile(NamedTuple):
    """The share of runs that score above each threshold, with a pointwise 95 % band."""

    thresholds: Floats  # (T,)
    share: Floats  # (T,)
    low: Floats  # (T,)
    high: Floats  # (T,)


def checked(scores: Floats) -> Floats:
    """The scores as float64; raises `ValueError` where they are empty or not finite."""
    scores = np.asarray(scores, dtype=np.float64)
    if scores.size == 0 or not np.isfinite(scores).all():
        raise ValueError("scores must be finite and at least one")
    return scores


def iqm(scores: Floats, axis: int = -1) -> Floats:
    """The interquartile mean: the mean of the middle half (Agarwal et al. 2021, "Deep RL at the edge of the
    statistical precipice").

    floor(n/4) scores are dropped at each end, as `scipy.stats.trim_mean(scores, 0.25)` does; where 4 does not divide
    n a little more than half is kept, and up to three scores it is the mean.
    """
    scores = np.moveaxis(checked(scores), axis, -1)
    count = scores.shape[-1]
    cut = count // 4
    if cut:  # NumPy sorts the short rows of a bootstrap several times faster than it partitions them
        scores = np.sort(scores, axis=-1)[..., cut : count - cut]
    return np.asarray(scores.mean(axis=-1))


def mean(scores: Floats, axis: int = -1) -> Floats:
    """The mean along an axis."""
    return np.asarray(checked(scores).mean(axis=axis))


def median(scores: Floats, axis: int = -1) -> Floats:
    """The median along an axis."""
    return np.asarray(np.median(checked(scores), axis=axis))


def optimality_gap(scores: Floats, axis: int = -1) -> Floats:
    """How far scores fall short of 1, the optimum, on average; what exceeds 1 counts as 1 (Agarwal et al. 2021)."""
    return np.asarray(1.0 - np.minimum(checked(scores), 1.0).mean(axis=axis))


def improvement(first: Floats, second: Floats) -> Estimate:
    """The chance that a run of `first` scores above one of `second`, ties counted half.

    The point is Mann–Whitney's U / (n m). The interval is method 5 of Newcombe (2006, "Confidence intervals for an
    effect size measure based on the Mann–Whitney statistic, part 2"): it stays honest where all runs of one side
    are better, where a bootstrap would return a single point.
    """
    first, second = checked(first), checked(second)
    n, m = first.size, second.size
    value = float(stats.mannwhitneyu(first, second, method="asymptotic").statistic) / (n * m)
    if n < 2 or m < 2:
        return Estimate(value, np.nan, np.nan)
    z = float(stats.norm.ppf(0.975))
    inner = (n + m) / 2 - 1

    def excess(chance: float) -> float:
        spread = 1 + inner * ((1 - chance) / (2 - chance) + chance / (1 + chance))
        return (value - chance) ** 2 - z * z * chance * (1 - chance) * spread / (n * m)

    # `excess` is 0 at 0 and at 1 where the point lies there; the bound is its other root.
    low = float(optimize.brentq(excess, 0.0, value - 1e-9)) if value > 0 else 0.0
    high = float(optimize.brentq(excess, value + 1e-9, 1.0)) if value < 1 else 1.0
    return Estimate(value, low, high)


def paired_p(differences: Floats, rng: np.random.Generator) -> Floats:
    """Two-sided p-values of the paired permutation test on the mean, one per column of `differences` (n, P).

    Swapping the two agents of a seed flips the sign of its difference; p is the share of all 2ⁿ flips whose mean is
    at least as far from zero. Beyond `EXACT_SEEDS` seeds random flips stand for all and the observed one counts
    among them; there are enough for the smallest possible p to survive Holm's correction over P pairs. It is
    `scipy.stats.permutation_test(permutation_type="samples")` with one set of flips for all columns, which makes it
    one matrix product.
    """
    differences = checked(differences)
    n = differences.shape[0]
    exact = n <= EXACT_SEEDS
    total = 2**n if exact else min(MOST_FLIPS, max(FLIPS, 40 * differences.shape[1]))
    # Sums of the same numbers in another order differ in their last bits; that must not break a tie.
    bar = np.abs(differences.sum(axis=0)) - 1e-9 * np.abs(differences).sum(axis=0)
    as_far = np.zeros(differences.shape[1], dtype=np.int64)
    rows = max(1, _CHUNK // max(n, differences.shape[1]))
    for begin in range(0, total, rows):
        end = min(total, begin + rows)
        if exact:
            bits = (np.arange(begin, end)[:, None] >> np.arange(n)) & 1
        else:
            bits = rng.integers(0, 2, size=(end - begin, n), dtype=np.int8)
        as_far += (np.abs((2.0 * bits - 1.0) @ differences) >= bar).sum(axis=0)
    return np.asarray(as_far / total if exact else (as_far + 1) / (total + 1))


def least_p(seeds: int) -> float:
    """The smallest two-sided p-value that so many paired seeds can give: 2 / 2ⁿ."""
    return min(1.0, 2.0 ** (1 - seeds))


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Holm's (1979) step-down adjustment of a family of p-values; SciPy has only those for the false discovery rate."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def seeds_needed(difference: float, deviation: float, level: float = 0.05, power: float = 0.8) -> float:
    """About how many paired seeds show a mean difference of that size at that two-sided level with that power.

    (z(1-level/2) + z(power))² / d² + z(1-level/2)²/2 with d = difference / deviation of the paired differences: the
    normal approximation with Guenther's (1981) correction for t; the permutation test has the t test's power
    (asymptotic relative efficiency 1). Never fewer than can reach `level` at all, and one more than those where a win
    on every seed, which that takes, is too rare. Infinite where the difference is 0.
    """
    least = float(np.ceil(np.log2(2.0 / level)))
    if difference == 0:
        return np.inf
    z = float(stats.norm.ppf(1 - level / 2))
    effect = abs(difference) / deviation if deviation > 0 else np.inf
    needed = float(np.ceil(((z + float(stats.norm.ppf(power))) / effect) ** 2 + z * z / 2))
    if needed <= least and float(stats.norm.cdf(effect)) ** least < power:
        return least + 1
    return max(least, needed)


def profile(scores: Floats, thresholds: Floats) -> Profile:
    """The performance profile of runs: the share of scores above each threshold (Agarwal et al. 2021).

    The band is Wilson's interval at each threshold. Pooled over worlds with equally many seeds it errs to the wide
    side, because sampling within each world varies less than sampling from the pool.
    """
    scores = checked(scores).ravel()
    above = (scores[None, :] > thresholds[:, None]).sum(axis=1)
    bounds = {
        int(k): stats.binomtest(int(k), scores.size).proportion_ci(0.95, method="wilson") for k in np.unique(above)
    }
    low = np.array([bounds[int(k)].low for k in above])
    high = np.array([bounds[int(k)].high for k in above])
    return Profile(np.asarray(thresholds, dtype=np.float64), above / scores.size, low, high)
