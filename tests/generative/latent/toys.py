"""Small data sets for tests of latent models: bits with a hidden cause, real numbers, whole numbers, two classes."""

import numpy as np

from daedalus.core.data import LOG_LIKELIHOOD, LOG_PROBABILITY, SQUARED_ERROR, Column, Data, Held
from daedalus.core.rng import generator
from daedalus.core.spec import Spec


def bits(task="density", size=96, shape=(1, 4, 4), values=2, classes=2, rare=0.5) -> Data:
    """One of two stencils, by the class, with a tenth of its numbers drawn anew."""
    rng = generator(0, "toys")
    numbers = int(np.prod(shape))
    stencils = rng.integers(0, values, (2, numbers))

    def part(n):
        y = (rng.random(n) < rare).astype(np.int64)
        x = np.where(rng.random((n, numbers)) < 0.1, rng.integers(0, values, (n, numbers)), stencils[y])
        return Held({"x": x.reshape(n, *shape).astype(np.uint8), "y": y})

    column = Column(shape, "uint8", values)
    measure = SQUARED_ERROR if task == "reconstruction" else LOG_PROBABILITY
    form = Spec("image" if len(shape) == 3 else "numbers")
    fields = {"x": column, "y": Column((), "int64", classes)}
    return Data("bits", task, fields, part(size), part(24), part(24), measure, form=form)


def reals(task="density", size=96, numbers=6) -> Data:
    """A line in space, with noise."""
    rng = generator(1, "toys")
    way = rng.normal(size=numbers)

    def part(n):
        x = rng.normal(size=(n, 1)) * way + 0.3 * rng.normal(size=(n, numbers)) + 1
        return Held({"x": x.astype(np.float32)})

    measure = SQUARED_ERROR if task == "reconstruction" else LOG_LIKELIHOOD
    return Data("reals", task, {"x": Column((numbers,), "float32")}, part(size), part(24), part(24), measure)
