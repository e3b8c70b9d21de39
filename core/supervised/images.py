"""Pictures as data sets: how their pixels are told, and by what each task is judged.

Pixels are kept as they came, whole numbers from 0 to `top`. A task asks for them as bits (1 where a pixel is above or
at a fixed threshold, drawn anew for nobody: *static* binarisation), as real numbers from 0 to 1, or as they came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.data import (
    LOG_LIKELIHOOD,
    LOG_PROBABILITY,
    SLICED_WASSERSTEIN,
    SQUARED_ERROR,
    Column,
    Data,
    Held,
    Measure,
)
from daedalus.core.spec import Spec

Task = Literal["classification", "density", "sampling", "reconstruction"]
Told = Literal["binary", "real", "gray"]


class Shades:
    """Pictures kept as whole numbers, a byte each, and given as real numbers from 0 to 1."""

    def __init__(self, x: Pixels, y: Ints, top: int) -> None:
        self._x, self._y, self._top = x, y, top

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._x)

    def take(self, indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
        """The pictures of these indices, float32."""
        return {"x": self._x[indices].astype(np.float32) / np.float32(self._top), "y": self._y[indices]}


@dataclass(frozen=True, eq=False)
class Pictures:
    """Parts of pictures: x (B, 1, H, W) uint8 from 0 to `top`, and y (B,), one of `classes`.

    As bits a pixel is 1 from `threshold` on.
    """

    name: str
    parts: Sequence[tuple[Pixels, Ints]]  # train, validation, test
    classes: int
    top: int
    threshold: int
    notes: tuple[str, ...] = ()

    def dense(self, task: Task, pixels: Told | None = None) -> Data:
        """The data set of a task other than classification; pixels are bits for density unless said, else real."""
        told: Told = pixels or ("binary" if task == "density" else "real")
        values = {"binary": 2, "gray": self.top + 1, "real": None}[told]
        parts = [(self._bits(x) if told == "binary" else x, y) for x, y in self.parts]
        train, validation, test = (
            Shades(x, y, self.top) if told == "real" else Held({"x": x, "y": y}) for x, y in parts
        )
        shape = self.parts[0][0].shape[1:]
        return Data(
            self.name,
            task,
            {
                "x": Column(shape, "float32" if values is None else "uint8", values),
                "y": Column((), "int64", self.classes),
            },
            train,
            validation,
            test,
            measure=_measure(task, values),
            chance=_chance(task, parts[0][0], parts[2][0], values or self.top + 1, told),
            notes=(*self.notes, self._said(told)),
            form=Spec("image"),
        )

    def _bits(self, x: Pixels) -> Pixels:
        return (x >= self.threshold).astype(np.uint8)

    def _said(self, told: Told) -> str:
        return {
            "binary": f"pixels are bits, 1 from {self.threshold} of {self.top} on: static binarisation",
            "gray": f"pixels are whole numbers from 0 to {self.top}",
            "real": "pixels from 0 to 1",
        }[told]


def _measure(task: Task, values: int | None) -> Measure:
    dense = LOG_LIKELIHOOD if values is None else LOG_PROBABILITY
    return {"density": dense, "sampling": SLICED_WASSERSTEIN, "reconstruction": SQUARED_ERROR}[task]


def _chance(task: Task, train: Pixels, test: Pixels, values: int, told: Told) -> float | None:
    """What independent pixels reach, each by its frequencies, or for reconstruction the mean picture."""
    if task == "density" and told != "real":
        return independent(train, test, values)
    if task == "reconstruction":
        top = values - 1
        mean = train.mean(axis=0) / top  # (1, H, W); of bytes the mean is summed in double precision
        square = np.square(test / top - mean)
        return -float(square.sum(axis=(1, 2, 3)).mean())
    return None


def independent(train: Pixels, test: Pixels, values: int) -> float:
    """Mean ln p of `test` where each pixel is drawn for itself, nats a picture: half of one is added to each count.

    That is the mean under Jeffreys's prior (Krichevsky & Trofimov 1981).
    """
    counts = _counts(train, values) + 0.5
    log_p = np.log(counts / counts.sum(axis=-1, keepdims=True))  # (D, V)
    return float((_counts(test, values) * log_p).sum() / len(test))


def _counts(x: Pixels, values: int) -> Floats:
    """How often each pixel has each value, (D, V)."""
    size = int(np.prod(x.shape[1:]))
    own = values * np.arange(size)
    counts = np.zeros(size * values)
    for begin in range(0, len(x), _AT_ONCE):
        some = x[begin : begin + _AT_ONCE].reshape(-1, size) + own
        counts += np.bincount(some.ravel(), minlength=size * values)
    return counts.reshape(size, values)


_AT_ONCE = 1024  # pictures, to spare memory
