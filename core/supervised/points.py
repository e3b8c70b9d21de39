"""Points in the plane as data sets of several tasks: which measure judges them, and what is known of it exactly."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.data import LOG_LIKELIHOOD, SLICED_WASSERSTEIN, SQUARED_ERROR, Column, Data, Made, Measure
from daedalus.core.errors import UserError
from daedalus.core.indexed import keys
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec

from .mixtures import entropy, normal_log_likelihood, spread

Task = Literal["density", "sampling", "reconstruction"]

#: Of a part's indices (B,) and streams (B,): the fields of the examples.
Make = Callable[[Ints, Keys], dict[str, np.typing.NDArray[Any]]]


def pointed(
    name: str,
    task: Task,
    make: Make,
    centres_M2: Floats,
    deviation: float,
    classes: int | None,
    sizes: tuple[int | None, int],
    notes: tuple[str, ...],
    form: Spec = Spec("points"),  # noqa: B008  # frozen
) -> Data:
    """Points x (2,) around centres; y where there are classes. `sizes` are those of the training part and the others.

    The ceiling of a density is minus its differential entropy, that of x alone: who is told y can do better. Chance is
    the normal distribution of the same mean and covariance.
    """
    check_sizes(name, *sizes)

    def part(role: str, size: int | None) -> Made:
        key = stream_key(0, f"{name}/{role}")
        return Made(lambda indices: make(indices, keys(key, indices)), size)

    measure, ceiling, chance = judged(task, centres_M2, deviation)
    fields = {"x": Column((2,), "float32")} | ({} if classes is None else {"y": Column((), "int64", classes)})
    parts = part("train", sizes[0]), part("validation", sizes[1]), part("test", sizes[1])
    return Data(name, task, fields, *parts, measure, ceiling, chance, (*notes, "made by index"), form)


def judged(task: Task, centres_M2: Floats, deviation: float) -> tuple[Measure, float | None, float | None]:
    """The measure of a task, the best that can be reached of it, and what the best of the simplest models reaches."""
    if task == "density":
        return LOG_LIKELIHOOD, -entropy(centres_M2, deviation), normal_log_likelihood(centres_M2, deviation)
    if task == "sampling":
        return SLICED_WASSERSTEIN, 0.0, None
    return SQUARED_ERROR, 0.0, -spread(centres_M2, deviation)


def check_sizes(name: str, examples: int | None, tested: int) -> None:
    """Raise `UserError` for parts too small."""
    for what, number in (("examples", examples), ("tested", tested)):
        if number is not None and number < 2:
            raise UserError(f"{name}: {what} must be at least 2, not {number}")
