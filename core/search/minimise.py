"""One entry for every search: minimise a function within a budget of evaluations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError

from .protocol import Method, Result, check_ranges

#: The values (P,) of the points (P, D).
Function = Callable[[Floats], Floats]


@dataclass(frozen=True)
class NelderMead:
    """SciPy's downhill simplex (Nelder & Mead 1965). `tolerance` bounds the simplex's size and values at the end."""

    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        check_ranges("nelder_mead", 0, tolerance=self.tolerance)


@dataclass(frozen=True)
class BFGS:
    """SciPy's quasi-Newton method; gradients by forward differences, which cost D evaluations each and are counted."""

    tolerance: float = 1e-5  # of the gradient's largest entry

    def __post_init__(self) -> None:
        check_ranges("bfgs", 0, tolerance=self.tolerance)


def minimise(
    function: Function,
    start: Floats,
    method: Method | NelderMead | BFGS,
    budget: int,
    generator: np.random.Generator,
) -> Result:
    """The best point found in at most `budget` evaluations of `function`, each of one point.

    Searches run until the budget is used up to the last evaluation; SciPy's methods may stop before. They draw
    nothing from the generator. +∞ is the value of a point that is none. Raises `UserError` for a start that is not
    (D,) of finite numbers, a budget below 1, and values that are NaN or of another shape.
    """
    start = np.array(start, dtype=np.float64)
    if start.ndim != 1 or not start.size or not np.isfinite(start).all():
        raise UserError(f"the start must be one point (D,) of finite numbers, not of shape {start.shape}: {start}")
    if budget < 1:
        raise UserError(f"the budget must be at least 1 evaluation, not {budget}")
    counted = _Counted(function, start, budget)
    if isinstance(method, NelderMead | BFGS):
        _by_scipy(counted, start, method)
        return counted.result()
    search = method.begin(start)
    while counted.evaluations < budget:
        candidates = search.ask(generator)
        left = budget - counted.evaluations
        values = counted(candidates[:left])
        if len(candidates) <= left:
            search.tell(candidates, -values)
    return counted.result()


@final
class _Counted:
    """A function that counts, keeps the best, and stops at the budget."""

    def __init__(self, function: Function, start: Floats, budget: int) -> None:
        self._function, self._budget = function, budget
        self.evaluations, self._point, self._value = 0, start, np.inf

    def __call__(self, points: Floats) -> Floats:
        if self.evaluations + len(points) > self._budget:
            raise _SpentError
        values = np.asarray(self._function(points.copy()), dtype=np.float64)  # ours stay ours
        self.evaluations += len(points)
        if values.shape != (len(points),):
            raise UserError(f"the function must return ({len(points)},) values for {points.shape}, not {values.shape}")
        if np.isnan(values).any():
            raise UserError(f"the function is NaN at {points[int(np.isnan(values).argmax())]}; return inf for no value")
        best = int(values.argmin())
        if values[best] < self._value:
            self._point, self._value = points[best].copy(), float(values[best])
        return values

    def result(self) -> Result:
        return Result(self._point, self._value, self.evaluations)


class _SpentError(Exception):
    """The budget is used up."""


def _by_scipy(counted: _Counted, start: Floats, method: NelderMead | BFGS) -> None:
    from scipy.optimize import minimize  # heavy

    def value(point: Floats) -> float:
        return float(counted(np.asarray(point, dtype=np.float64)[None])[0])

    limits = {"maxiter": np.inf, "maxfev": np.inf}  # the budget ends it
    tolerances = {"xatol": method.tolerance, "fatol": method.tolerance}
    try:
        with np.errstate(invalid="ignore"):  # SciPy subtracts values, and of a point that is none it is +∞
            if isinstance(method, BFGS):
                minimize(value, start, method="BFGS", options={"gtol": method.tolerance})
            else:
                minimize(value, start, method="Nelder-Mead", options=limits | tolerances)
    except _SpentError:
        pass
