"""Two half moons that reach into each other: made by index, with the exact ceiling of every model.

A point of class 0 lies at (cos θ, sin θ), one of class 1 at (1 - cos θ, 1/2 - sin θ), with θ uniform on [0, π] and
normal noise on both coordinates: scikit-learn's `make_moons`, of which every point is drawn by itself here.
"""

import functools
from typing import Any, Literal

import numpy as np
from scipy import special

from daedalus.core.arrays import Floats, Ints
from daedalus.core.data import ACCURACY, LOG_PROBABILITY, Column, Data, Made
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key

_ANGLES, _GRID = 1500, 700
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def moons(
    examples: int | None = 1000,
    noise: float = 0.2,
    tested: int = 10_000,
    measure: Literal["accuracy", "log_likelihood"] = "accuracy",
) -> Data:
    """Two half moons in the plane, as many `examples` to train on as are asked for, or without end (none).

    As many validate as test. No model's expected score passes the ceiling: the accuracy of the likelier class, or minus
    the entropy of the class given the point; a sampled one may, by luck.
    """
    if not 0 < noise < np.inf:
        raise UserError(f"moons: noise must be above 0 and finite, not {noise}")
    for name, number in (("examples", examples), ("tested", tested)):
        if number is not None and number < 2:
            raise UserError(f"moons: {name} must be at least 2, not {number}")
    accuracy, entropy = ceilings(noise)
    judged = measure == "accuracy"

    def part(name: str, size: int | None) -> Made:
        key = stream_key(0, f"moons/{name}")
        return Made(lambda indices: points(indices, key, noise), size)

    return Data(
        "moons",
        "classification",
        {"x": Column((2,), "float32"), "y": Column((), "int64", 2)},
        part("train", examples),
        part("validation", tested),
        part("test", tested),
        measure=ACCURACY if judged else LOG_PROBABILITY,
        ceiling=accuracy if judged else -entropy,
        chance=0.5 if judged else -float(np.log(2)),
        notes=(f"noise of deviation {noise:g}", "made by index, classes in turn"),
    )


def points(indices: Ints, key: int, noise: float) -> dict[str, np.typing.NDArray[Any]]:
    """The points x (B, 2) and classes y (B,) of these indices; even ones are of class 0."""
    y = indices % 2
    theta = np.pi * _uniform(key, indices, 0)
    arc = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    x = np.where(y[:, None] == 0, arc, np.array([1.0, 0.5]) - arc)
    # Box & Muller (1958): two normal numbers from two uniform ones.
    radius = np.sqrt(-2.0 * np.log1p(-_uniform(key, indices, 1)))
    turn = 2.0 * np.pi * _uniform(key, indices, 2)
    x = x + noise * radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return {"x": x.astype(np.float32), "y": y.astype(np.int64)}


def _uniform(key: int, indices: Ints, draw: int) -> Floats:
    """Numbers in [0, 1), 53 random bits each: the formula of `daedalus.core.draws.bits`, for arrays."""
    z = np.array([key], dtype=np.uint64) + (4 * indices.astype(np.uint64) + np.uint64(draw + 1)) * _GAMMA
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return np.asarray(((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 2.0**53))


@functools.cache
def ceilings(noise: float) -> tuple[float, float]:
    """The accuracy of the Bayes rule, and the entropy of the class given the point in nats.

    Both densities are averages over θ of normal ones, whose coordinates part: one matrix product a class on a grid of
    points. Midpoint rule in θ; the trapezoidal rule in the plane, whose error vanishes faster than any power here.
    """
    theta = (np.arange(_ANGLES) + 0.5) * (np.pi / _ANGLES)
    reach = 7.0 * noise
    across, up = np.linspace(-1 - reach, 2 + reach, _GRID), np.linspace(-0.5 - reach, 1 + reach, _GRID)
    area = (across[1] - across[0]) * (up[1] - up[0])

    def density(x: Floats, y: Floats) -> Floats:
        wide, high = (np.exp(-((grid[:, None] - at) ** 2) / (2 * noise**2)) for grid, at in ((across, x), (up, y)))
        return np.asarray(wide @ high.T) / (_ANGLES * 2 * np.pi * noise**2)

    first, second = (
        density(np.cos(theta), np.sin(theta)) / 2,
        density(1 - np.cos(theta), 0.5 - np.sin(theta)) / 2,
    )
    joint = np.stack([first, second])
    both = joint.sum(axis=0)
    entropy = -special.xlogy(joint, np.divide(joint, both, out=np.ones_like(joint), where=both > 0)).sum() * area
    return float(joint.max(axis=0).sum() * area), float(entropy)
