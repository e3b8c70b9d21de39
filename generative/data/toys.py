"""Points in the plane that models of densities are first tried on, made by index, with the exact ceiling of each."""

from typing import Any

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.indexed import normal, uniform
from daedalus.core.spec import Spec
from daedalus.core.supervised.points import Task, pointed

Fields = dict[str, np.typing.NDArray[Any]]

_LEAST = 0.01  # of a deviation, by the radius: below it the integrals would take too fine a grid
_ANGLES = 6_000  # points along a spiral for its density


def gaussians(
    modes: int = 8,
    radius: float = 2.0,
    deviation: float = 0.1,
    task: Task = "density",
    examples: int | None = None,
    tested: int = 10_000,
) -> Data:
    """Normal distributions on a ring, each as often as another; y is the mode. Without end, unless `examples` says so.

    Metz et al. (2017) and Gulrajani et al. (2017) put eight with deviation .02 on a ring of radius 2, the latter then
    divided by √2: deviation=0.02 is theirs, on which even WGAN-GP is reported to lose modes.
    """
    if not 1 <= modes <= 100:
        raise UserError(f"gaussians: modes must lie between 1 and 100, not {modes}")
    _check("gaussians", radius, "deviation", deviation)
    angle = 2 * np.pi * np.arange(modes) / modes
    centres = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def make(indices: Ints, keys_B: Keys) -> Fields:
        y = np.floor(uniform(keys_B, 1)[:, 0] * modes).astype(np.int64)
        return {"x": (centres[y] + deviation * normal(keys_B, 2, first=1)).astype(np.float32), "y": y}

    given = (("modes", modes), ("radius", radius), ("deviation", deviation))
    note = f"{modes} of deviation {deviation:g} on a ring of radius {radius:g}"
    form = Spec("points", given)
    return pointed("gaussians", task, make, centres, deviation, modes, (examples, tested), (note,), form)


def spiral(
    turns: float = 2.0,
    radius: float = 2.0,
    noise: float = 0.05,
    task: Task = "density",
    examples: int | None = None,
    tested: int = 10_000,
) -> Data:
    """Points along r = radius · √u at the angle 2π · turns · √u, u uniform on [0, 1), with normal noise.

    The root makes them about as dense outside as inside. Without end, unless `examples` says so.
    """
    if not 0 < turns <= 10:
        raise UserError(f"spiral: turns must lie above 0 and be at most 10, not {turns:g}")
    _check("spiral", radius, "noise", noise)

    def along(u_B: Floats) -> Floats:
        out = np.sqrt(u_B)
        angle = 2 * np.pi * turns * out
        return np.asarray(radius * out[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))

    def make(indices: Ints, keys_B: Keys) -> Fields:
        centre = along(uniform(keys_B, 1)[:, 0])
        return {"x": (centre + noise * normal(keys_B, 2, first=1)).astype(np.float32)}

    centres = along((np.arange(_ANGLES) + 0.5) / _ANGLES)
    note = f"{turns:g} turns, noise of deviation {noise:g}"
    return pointed("spiral", task, make, centres, noise, None, (examples, tested), (note,))


def _check(name: str, radius: float, what: str, deviation: float) -> None:
    if not 0 < radius < np.inf:
        raise UserError(f"{name}: radius must be above 0 and finite, not {radius:g}")
    if not _LEAST * radius <= deviation <= 100 * radius:
        raise UserError(
            f"{name}: {what} must lie between {_LEAST:g} and 100 times the radius, so that the ceiling can be known, "
            f"not {deviation:g}"
        )
