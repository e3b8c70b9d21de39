"""Which seeds explore at a decision, and how: two draws for every decision of every seed, whether used or not."""

from typing import final

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.compiled import lean
from daedalus.core.draws import uniform

#: Decisions drawn at once.
_AHEAD = 256


@final
class Coins:
    """The draws of N policies, a block of decisions ahead: decision t of a stream takes its numbers 2t and 2t + 1."""

    def __init__(self, keys_N: Keys) -> None:
        self._keys = keys_N
        self._block = -1
        self._coin_TN, self._pick_TN = np.empty((2, _AHEAD, keys_N.size))

    def at(self, t: int) -> tuple[Floats, Floats]:
        """The coins of decision t and what picks a random action, uniform in [0, 1), (N,) each."""
        block, place = divmod(t, _AHEAD)
        if block != self._block:
            _draw(self._keys, block * _AHEAD, self._coin_TN, self._pick_TN)
            self._block = block
        return self._coin_TN[place], self._pick_TN[place]


@lean
def _draw(keys: Keys, first: int, coin_TN: Floats, pick_TN: Floats) -> None:
    for i in range(coin_TN.shape[0]):
        counter = np.uint64(2) * np.uint64(first + i)
        for n in range(keys.size):
            coin_TN[i, n] = uniform(keys[n], counter)
            pick_TN[i, n] = uniform(keys[n], counter + np.uint64(1))


def picked(pick_N: Floats, actions: int, mask_NA: np.typing.NDArray[np.uint8] | None) -> Ints:
    """A uniformly random action each, of those that the mask allows (all, where it allows none)."""
    if mask_NA is None:
        return (pick_N * actions).astype(np.int64)
    open_NA = (mask_NA > 0) | ~(mask_NA > 0).any(axis=1, keepdims=True)
    rank_N = (pick_N * open_NA.sum(axis=1)).astype(np.int64)
    chosen: Ints = (open_NA.cumsum(axis=1) > rank_N[:, None]).argmax(axis=1)
    return chosen
