"""Two half moons that reach into each other: made by index, with the exact ceiling of every model.

A point of class 0 lies at (cos θ, sin θ), one of class 1 at (1 - cos θ, 1/2 - sin θ), with θ uniform on [0, π] and
normal noise on both coordinates: scikit-learn's `make_moons`, of which every point is drawn by itself here.
"""

import functools
from typing import Any, Literal

import numpy as np
from scipy import special

from daedalus.core.arrays import Floats, Ints
from daedalus.core.data import ACCURACY, LOG_PROBABILITY, Column, Data, Made, Measure
from daedalus.core.errors import UserError
from daedalus.core.indexed import unit, words
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec

from .mixtures import density
from .points import check_sizes, judged

_ANGLES, _GRID = 1500, 700
_LEAST = 0.02  # the least noise of which the density is integrated


def moons(
    examples: int | None = 1000,
    noise: float = 0.2,
    tested: int = 10_000,
    measure: Literal["accuracy", "log_likelihood"] = "accuracy",
    task: Literal["classification", "density", "sampling", "reconstruction"] = "classification",
) -> Data:
    """Two half moons in the plane, as many `examples` to train on as are asked for, or without end (none).

    As many validate as test. No model's expected score passes the ceiling: the accuracy of the likelier class, or minus
    the entropy of the class given the point, or of a density minus the entropy of the point; a sampled one may, by
    luck. `measure` is that of classification.
    """
    if not 0 < noise < np.inf:
        raise UserError(f"moons: noise must be above 0 and finite, not {noise}")
    check_sizes("moons", examples, tested)

    def part(name: str, size: int | None) -> Made:
        key = stream_key(0, f"moons/{name}")
        return Made(lambda indices: points(indices, key, noise), size)

    told: tuple[Measure, float | None, float | None]
    if task == "classification":
        accuracy, entropy = ceilings(noise)
        told = (ACCURACY, accuracy, 0.5) if measure == "accuracy" else (LOG_PROBABILITY, -entropy, -float(np.log(2)))
    else:
        if noise < _LEAST:
            raise UserError(
                f"moons: noise must be at least {_LEAST:g}, so that the ceiling can be known, not {noise:g}"
            )
        told = judged(task, np.concatenate(arcs(_angles())), noise)
    return Data(
        "moons",
        task,
        {"x": Column((2,), "float32"), "y": Column((), "int64", 2)},
        part("train", examples),
        part("validation", tested),
        part("test", tested),
        *told,
        notes=(f"noise of deviation {noise:g}", "made by index, classes in turn"),
        form=Spec("points"),
    )


def arcs(theta: Floats) -> tuple[Floats, Floats]:
    """The points of both moons at these angles without noise, (M, 2) each."""
    first = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    return first, np.array([1.0, 0.5]) - first


def _angles() -> Floats:
    """Angles that stand for all, (M,)."""
    return np.asarray((np.arange(_ANGLES) + 0.5) * (np.pi / _ANGLES))


def points(indices: Ints, key: int, noise: float) -> dict[str, np.typing.NDArray[Any]]:
    """The points x (B, 2) and classes y (B,) of these indices; even ones are of class 0."""
    y = indices % 2
    first, second = arcs(np.pi * _uniform(key, indices, 0))
    x = np.where(y[:, None] == 0, first, second)
    # Box & Muller (1958): two normal numbers from two uniform ones.
    radius = np.sqrt(-2.0 * np.log1p(-_uniform(key, indices, 1)))
    turn = 2.0 * np.pi * _uniform(key, indices, 2)
    x = x + noise * radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return {"x": x.astype(np.float32), "y": y.astype(np.int64)}


def _uniform(key: int, indices: Ints, draw: int) -> Floats:
    """Numbers in [0, 1), four draws an index."""
    return unit(words(np.array([key], dtype=np.uint64), 4 * indices + draw))


@functools.cache
def ceilings(noise: float) -> tuple[float, float]:
    """The accuracy of the Bayes rule, and the entropy of the class given the point in nats.

    Both densities are averages over θ of normal ones. Midpoint rule in θ; the trapezoidal rule in the plane, whose
    error vanishes faster than any power here.
    """
    reach = 7.0 * noise
    across, up = np.linspace(-1 - reach, 2 + reach, _GRID), np.linspace(-0.5 - reach, 1 + reach, _GRID)
    area = (across[1] - across[0]) * (up[1] - up[0])
    joint = np.stack([density(arc, noise, across, up) / 2 for arc in arcs(_angles())])
    both = joint.sum(axis=0)
    entropy = -special.xlogy(joint, np.divide(joint, both, out=np.ones_like(joint), where=both > 0)).sum() * area
    return float(joint.max(axis=0).sum() * area), float(entropy)
