"""What is known exactly of points in the plane that lie around centres, with normal noise on both coordinates."""

import numpy as np

from daedalus.core.arrays import Floats

_REACH = 8.0  # deviations beyond the outermost centres that are integrated over
_FINENESS = 5.0  # grid points a deviation
_MOST = 4_000  # grid points along a side
_AT_ONCE = 3e7


def density(centres_M2: Floats, deviation: float, across: Floats, up: Floats) -> Floats:
    """The density of the even mixture on a grid of points, (len(across), len(up)).

    A normal density parts into its coordinates, so that it is one matrix product.
    """
    centres_M2 = np.asarray(centres_M2, np.float64)
    wide, high = (
        np.exp(-((grid[:, None] - at) ** 2) / (2 * deviation**2))
        for grid, at in ((across, centres_M2[:, 0]), (up, centres_M2[:, 1]))
    )
    return np.asarray(wide @ high.T) / (len(centres_M2) * 2 * np.pi * deviation**2)


def grid(centres_M2: Floats, deviation: float) -> tuple[Floats, Floats, float]:
    """Points across and up that hold all of the mixture's mass but 1e-14, and the area between them."""
    low, high = centres_M2.min(axis=0) - _REACH * deviation, centres_M2.max(axis=0) + _REACH * deviation
    count = np.minimum(np.ceil((high - low) / deviation * _FINENESS).astype(np.int64) + 1, _MOST)
    across, up = (np.linspace(a, b, n) for a, b, n in zip(low, high, count, strict=True))
    return across, up, float((across[1] - across[0]) * (up[1] - up[0]))


def entropy(centres_M2: Floats, deviation: float) -> float:
    """The differential entropy of the even mixture in nats.

    By the trapezoidal rule, whose error for what vanishes at both ends falls faster than any power of the step.
    """
    across, up, area = grid(centres_M2, deviation)
    total, rows = 0.0, max(int(_AT_ONCE / len(up)), 1)
    for begin in range(0, len(across), rows):
        p = density(centres_M2, deviation, across[begin : begin + rows], up)
        total -= float((p * np.log(p, out=np.zeros_like(p), where=p > 0)).sum())
    return total * area


def normal_log_likelihood(centres_M2: Floats, deviation: float) -> float:
    """What the one normal distribution with the mixture's mean and covariance reaches on it, in nats per point."""
    covariance = np.cov(centres_M2.T, bias=True) + deviation**2 * np.eye(2)
    return float(-(1 + np.log(2 * np.pi)) - np.linalg.slogdet(covariance)[1] / 2)


def spread(centres_M2: Floats, deviation: float) -> float:
    """The mean squared distance of a point from the mixture's mean."""
    return float(np.var(centres_M2, axis=0).sum() + 2 * deviation**2)
