"""The inverse normal distribution function, against SciPy's and Python's own."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from daedalus.core import draws
from daedalus.core.gaussian import quantile

#: The middle, the tails (from ±0.425 on), and far out in them (beyond e^-25 of an end). Multiples of 2^-53, so that
#: adding a half is exact.
STEP = 2.0**-53
PLACES = np.round(np.concatenate([np.linspace(-0.5, 0.5, 2003)[1:-1], np.logspace(-16, -1, 500) - 0.5]) / STEP) * STEP
PLACES = np.concatenate([PLACES[PLACES > -0.5], [STEP - 0.5, 0.425, 0.425 + STEP]])


def test_quantile_is_that_of_scipy():
    """AS 241 states a relative error of about 1e-16; SciPy's own has one too."""
    found = np.array([quantile(q) for q in PLACES])
    np.testing.assert_allclose(found, stats.norm.ppf(0.5 + PLACES), rtol=1e-15, atol=1e-16)


def test_quantile_is_odd_and_rises():
    assert [quantile(-q) for q in PLACES] == [-quantile(q) for q in PLACES]
    assert quantile(0.0) == 0.0
    assert all(quantile(q) <= quantile(q + 1e-9) for q in np.linspace(-0.4999, 0.4999, 2001))


def test_python_has_the_same_algorithm():
    assert quantile(0.3) == pytest.approx(NormalDist().inv_cdf(0.8), rel=1e-15)
    assert quantile(0.49) == pytest.approx(NormalDist().inv_cdf(0.99), rel=1e-15)


@pytest.mark.parametrize("drawn", [0, 2**64 - 1])
def test_the_outermost_draws_are_finite(drawn, monkeypatch):
    """Bits that are all 0 or all 1 are the middles of the first and the last of 2^52 parts."""
    monkeypatch.setattr(draws, "bits", lambda key, counter: np.uint64(drawn))
    found = draws.normal.py_func(np.uint64(0), np.uint64(0))
    assert abs(found) == pytest.approx(-stats.norm.ppf(2.0**-53), rel=1e-15)
    assert math.copysign(1, found) == (1 if drawn else -1)
