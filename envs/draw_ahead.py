"""Draws for interactive stepping, made in blocks: the numbers are the compiled ones, the wait is paid once a block."""

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.compiled import compiled, lean
from daedalus.core.draws import uniform
from daedalus.core.pulls import Arms, mean_now, phase_at, pull, walk_on

#: Steps that one block serves.
BLOCK = 256


@compiled
def uniform_draws(key: np.uint64, first: int) -> Floats:
    """What decides steps `first` … `first + BLOCK - 1`: uniform numbers 2t of the world's stream, (BLOCK,)."""
    draws = np.empty(BLOCK)
    for i in range(BLOCK):
        draws[i] = uniform(key, np.uint64(2) * np.uint64(first + i))
    return draws


@lean
def pulls_ahead(
    arms: Arms, walk: Floats, key: np.uint64, drift_key: np.uint64, first: int, means: Floats, rewards: Floats
) -> None:
    """Write each arm's true mean at pulls `first` … `first + BLOCK - 1`, and what it would pay, (BLOCK, A) each.

    Walk (1, A) moves on to the block's end.
    """
    for i in range(BLOCK):
        phase = phase_at(arms, first + i)
        for arm in range(rewards.shape[1]):
            means[i, arm] = mean_now(arms, 0, phase, arm, walk[0, arm])
            rewards[i, arm] = pull(arms, 0, arm, means[i, arm], key, first + i)
        if arms.drift > 0.0:
            walk_on(arms, walk, 0, drift_key, first + i)
