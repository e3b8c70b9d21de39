"""Draws for interactive stepping, made in blocks: the numbers are the compiled ones, the wait is paid once a block."""

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.compiled import compiled
from daedalus.core.draws import normal, uniform

#: Steps that one block serves.
BLOCK = 256


@compiled
def uniform_draws(key: np.uint64, first: int) -> Floats:
    """What decides steps `first` … `first + BLOCK - 1`: uniform numbers 2t of the world's stream, (BLOCK,)."""
    draws = np.empty(BLOCK)
    for i in range(BLOCK):
        draws[i] = uniform(key, np.uint64(2) * np.uint64(first + i))
    return draws


@compiled
def normal_draws(key: np.uint64, first: int) -> Floats:
    """The same for Gaussian pulls: normal numbers, each from 2t and 2t + 1, (BLOCK,)."""
    draws = np.empty(BLOCK)
    for i in range(BLOCK):
        draws[i] = normal(key, np.uint64(2) * np.uint64(first + i))
    return draws
