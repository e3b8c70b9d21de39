"""Random draws for compiled code: pure functions of a stream's key and a counter.

SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"): the finaliser applied to
key + counter·γ. The interactive faces call the same functions, so both give the same bits.
"""

import numpy as np

from .compiled import inlined
from .gaussian import quantile

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11), np.uint64(12)


@inlined
def bits(key: np.uint64, counter: np.uint64) -> np.uint64:
    """Draw number `counter` of the stream, 64 random bits."""
    z = np.uint64(np.uint64(key) + np.uint64(np.uint64(counter) + np.uint64(1)) * _GAMMA)
    z = np.uint64(np.uint64(z ^ np.uint64(z >> _S30)) * _MIX_1)
    z = np.uint64(np.uint64(z ^ np.uint64(z >> _S27)) * _MIX_2)
    return np.uint64(z ^ np.uint64(z >> _S31))


@inlined
def chance(key: np.uint64, counter: np.uint64, probability: float) -> bool:
    """Whether something of that probability happens, by draw number `counter`: where `uniform` would lie below it.

    Whole numbers are compared, which is known sooner: a processor that guessed wrong takes back less. The probability
    is rounded down to a multiple of 2^-53.
    """
    share = np.uint64(np.int64(probability * 9007199254740992.0))
    return bool(np.uint64(bits(key, counter) >> _S11) < share)


@inlined
def uniform(key: np.uint64, counter: np.uint64) -> float:
    """Draw number `counter` as a float in [0, 1), 53 random bits."""
    return float(np.uint64(bits(key, counter) >> _S11)) * (1.0 / 9007199254740992.0)


@inlined
def normal(key: np.uint64, counter: np.uint64) -> float:
    """A standard normal number from draw `counter`, 52 random bits; it lies within ±8.3.

    The bits name one of 2^52 equal parts of (0, 1), of which the middle is taken: neither 0 nor 1, where it would be
    infinite.
    """
    part = float(np.uint64(bits(key, counter) >> _S12)) + 0.5
    return quantile(part * (1.0 / 4503599627370496.0) - 0.5)
