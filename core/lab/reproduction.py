"""What a reproduction yields: rows that put ours beside theirs, and figures.

An entry of the kind "reproduction" names a function `(quick: bool) -> Iterator[Row | Figure]`. Rows are made by the
functions below, each of which is one rule of judging:

- `measured`: a mean over independent runs equals a published number, up to chance on both sides;
- `exact` and `exact_table`: computed numbers equal printed ones to the last digit;
- `at_most` and `at_least`: a mean over runs is shown to lie on one side of a bound;
- `ahead`: one set of runs is shown to beat another, seed by seed;
- `alongside`: two sets of runs, ours and a peer's made here, are not shown to differ by more than a margin.

The last is Welch's test of a difference: each side has a spread of its own, and the few runs of a costly peer are
heeded by Student's t. Where there is no difference beyond the margin it fails with the chance that it is given, 1 in
100 if not said otherwise. To pass is no proof that two are equal: its rule says how large a difference passes.

Elsewhere "shown" means by `within` standard errors, three if not said otherwise: under a true claim chance alone
fails about one row in 370 of the first kind, and a false claim of the others passes one time in 740. Seeds are fixed,
so a row that passed once passes always on the same code.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError

from .numerals import DASH, count, number

Numbers = Sequence[float] | np.typing.NDArray[Any]
Sample = Numbers  # (N,), one number of each run


@dataclass(frozen=True)
class Row:
    """One published quantity beside ours. `experiment` is filled in by whoever runs it."""

    quantity: str
    ours: float
    standard_error: float  # of ours; 0 where it is computed, not sampled
    theirs: float
    source: str
    passed: bool
    rule: str  # how it was judged, in a few words
    experiment: str = ""

    def facts(self) -> dict[str, Any]:
        """The row as JSON has it; numbers that are not finite are null."""
        return {
            "experiment": self.experiment,
            "quantity": self.quantity,
            "ours": _finite(self.ours),
            "standard_error": _finite(self.standard_error),
            "theirs": _finite(self.theirs),
            "source": self.source,
            "passed": bool(self.passed),  # compared with a NumPy number it is NumPy's, which JSON lacks
        }


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a figure, or points, steps or bars. `error` (P,) is the standard error, drawn as a 95 % band."""

    label: str
    x: Numbers  # (P,)
    y: Numbers  # (P,); where it is not finite there is a gap
    error: Numbers | None = None
    form: Literal["line", "points", "steps", "bars"] = "line"
    whose: Literal["ours", "theirs"] = "ours"


@dataclass(frozen=True, eq=False)
class Figure:
    """One panel; an experiment that yields several gets one picture of all. `title` names what the book draws."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    caption: str = ""
    x_scale: Literal["linear", "log2", "log10"] = "linear"
    y_scale: Literal["linear", "log10"] = "linear"
    y_limits: tuple[float, float] | None = None


#: What an entry of the kind "reproduction" names; `quick` asks for fewer runs, never for other questions.
Reproduction = Callable[[bool], Iterator[Row | Figure]]


def measured(
    quantity: str,
    sample: Sample,
    theirs: float,
    source: str,
    *,
    error: float = 0.0,
    their_runs: float = math.inf,
    slack: float = 0.0,
    within: float = 3.0,
) -> Row:
    """The mean over runs against a published number.

    Passes where |ours - theirs| ≤ slack + within · √(SE² + error²). `error` is the standard error of theirs, where it
    is known; where only `their_runs` are, they are taken to spread as ours do. `slack` is how well theirs is known
    beside chance: half the last printed digit, or what can be read off a printed figure.
    """
    ours, standard_error = mean_and_error(sample, quantity)
    chance = standard_error * math.sqrt(len(sample) / their_runs)
    reach = slack + within * math.hypot(standard_error, error, chance)
    passed = abs(ours - theirs) <= reach
    return Row(quantity, ours, standard_error, float(theirs), source, passed, f"within {reach:.2g}")


def exact(quantity: str, ours: float, theirs: float, source: str, digits: int = 6) -> Row:
    """A computed number against one printed with so many decimals: they agree to half of the last."""
    reach = 0.5 * 10.0**-digits * (1 + 1e-6)
    passed = abs(float(ours) - theirs) <= reach
    return Row(quantity, float(ours), 0.0, float(theirs), source, passed, f"to {count(digits, 'decimal')}")


def exact_table(quantity: str, ours: Floats, theirs: Sequence[Any] | Numbers, source: str, digits: int = 6) -> Row:
    """A computed table against a printed one of the same shape: the row of the entry that is furthest off."""
    mine, printed = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if mine.shape != printed.shape:
        raise UserError(f"{quantity}: ours has shape {mine.shape}, theirs {printed.shape}")
    worst = np.unravel_index(np.argmax(np.nan_to_num(np.abs(mine - printed), nan=np.inf)), mine.shape)
    return exact(f"{quantity}, worst of {mine.size}", mine[worst], printed[worst], source, digits)


def at_most(quantity: str, sample: Sample, bound: float, source: str, *, within: float = 3.0) -> Row:
    """The mean over runs is shown to lie below a bound: ours + within · SE ≤ bound."""
    ours, standard_error = mean_and_error(sample, quantity)
    passed = ours + within * standard_error <= bound
    return Row(quantity, ours, standard_error, float(bound), source, passed, f"at most, by {within:g} SE")


def at_least(quantity: str, sample: Sample, bound: float, source: str, *, within: float = 3.0) -> Row:
    """The mean over runs is shown to lie above a bound: ours - within · SE ≥ bound."""
    ours, standard_error = mean_and_error(sample, quantity)
    passed = ours - within * standard_error >= bound
    return Row(quantity, ours, standard_error, float(bound), source, passed, f"at least, by {within:g} SE")


def ahead(quantity: str, better: Sample, worse: Sample, source: str, *, within: float = 3.0) -> Row:
    """Runs that are shown to score higher than others under the same seeds: their mean difference is above 0."""
    if len(better) != len(worse):
        raise UserError(f"{quantity}: {len(better)} runs cannot be paired with {len(worse)}")
    return at_least(quantity, np.asarray(better) - np.asarray(worse), 0.0, source, within=within)


def alongside(
    quantity: str, ours: Sample, theirs: Sample, source: str, *, margin: float = 0.0, error_rate: float = 0.01
) -> Row:
    """Runs beside a peer's that were made here: their means are not shown to differ by more than `margin`.

    Passes where |ours - theirs| ≤ margin + t · √(SE² + SE'²), t the two-sided quantile of Student's distribution at
    `error_rate` with Welch's degrees of freedom (Welch 1947). The two sides may have unequal numbers of runs.
    """
    (mine, my_error), (other, their_error) = mean_and_error(ours, quantity), mean_and_error(theirs, quantity)
    reach = margin
    if (both := math.hypot(my_error, their_error)) > 0:
        from scipy.special import stdtrit  # here, since listing what there is needs no SciPy

        freedom = both**4 / (my_error**4 / (len(ours) - 1) + their_error**4 / (len(theirs) - 1))
        reach += float(stdtrit(freedom, 1 - error_rate / 2)) * both
    passed = abs(mine - other) <= reach
    return Row(quantity, mine, my_error, other, source, passed, f"Welch, within {reach:.2g}")


def mean_and_error(sample: Sample, quantity: str = "a mean") -> tuple[float, float]:
    """The mean of one number a run, (N,), and its standard error. Raises `UserError` for fewer than two runs."""
    numbers = np.asarray(sample, dtype=np.float64)
    if numbers.ndim != 1 or numbers.size < 2:
        raise UserError(f"{quantity}: needs one number of each of at least 2 runs, not shape {numbers.shape}")
    return float(numbers.mean()), float(numbers.std(ddof=1) / math.sqrt(numbers.size))


def mean_line(label: str, x: Numbers, sample: Floats) -> Line:
    """A line of the means over runs of sample (N, P), with their standard errors."""
    return Line(label, x, sample.mean(axis=0), sample.std(axis=0, ddof=1) / math.sqrt(len(sample)))


def numbers(row: Row) -> tuple[str, str, str]:
    """Ours, its standard error and theirs as a person reads them: to two digits of the error, or of four in all."""
    if not row.standard_error > 0:
        return number(row.ours), DASH, number(row.theirs)
    error = number(float(f"{row.standard_error:.2g}"))
    decimals = len(error.partition(".")[2]) if "e" not in error else None
    return number(row.ours, decimals), error, number(row.theirs)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
