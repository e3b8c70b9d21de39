"""Random numbers for examples that are made by index, with NumPy: each example reads a stream of its own.

The formula is that of `daedalus.core.draws`; compiled code that is handed the keys draws the same numbers.
"""

import numpy as np

from .arrays import Floats, Ints, Keys

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def words(key: int | Keys, counters: Ints) -> Keys:
    """The 64 random bits of these draws of a stream, or of as many streams as broadcast with them."""
    z = np.asarray(key, dtype=np.uint64) + (counters.astype(np.uint64) + np.uint64(1)) * _GAMMA
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return np.asarray(z ^ (z >> np.uint64(31)))


def keys(key: int, indices: Ints) -> Keys:
    """The stream of each example (B,), of a part whose own stream is `key`."""
    return words(np.array([key], dtype=np.uint64), indices)


def unit(words: Keys) -> Floats:
    """Words as numbers in [0, 1), 53 random bits each."""
    return np.asarray((words >> np.uint64(11)) * (1.0 / 2.0**53))


def uniform(keys_B: Keys, draws: int, first: int = 0) -> Floats:
    """Numbers in [0, 1), (B, draws), from draw `first` of each stream on."""
    return unit(words(keys_B[:, None], np.arange(first, first + draws)))


def normal(keys_B: Keys, draws: int, first: int = 0) -> Floats:
    """Standard normal numbers (B, draws), an even number of them (Box & Muller 1958)."""
    if draws % 2:
        raise ValueError(f"normal numbers come in pairs, not {draws}")
    radius, turn = np.split(uniform(keys_B, draws, first), 2, axis=1)
    radius, turn = np.sqrt(-2.0 * np.log1p(-radius)), 2.0 * np.pi * turn
    return np.concatenate([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
