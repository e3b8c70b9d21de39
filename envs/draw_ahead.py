"""Draws for interactive stepping, made in blocks: the numbers are the compiled ones, the wait is paid once a block."""

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.compiled import compiled
from daedalus.core.draws import uniform

#: Steps that one block serves.
BLOCK = 256


@compiled
def outcome_draws(key: np.uint64, first: int) -> Floats:
    """What decides the outcomes of steps `first` … `first + BLOCK - 1`: numbers 2t of the world's stream, (BLOCK,)."""
    draws = np.empty(BLOCK)
    for i in range(BLOCK):
        draws[i] = uniform(key, np.uint64(2) * np.uint64(first + i))
    return draws
