"""Losses of action values and their slopes, compiled: a dozen calls of torch on small tensors would cost more."""

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.compiled import lean

Singles = np.typing.NDArray[np.float32]


@lean
def slopes(
    q_NBA: Singles, action_NB: Ints, target_NB: Singles, huber: bool, slope_NBA: Singles, loss_N: Singles
) -> None:
    """Write the mean loss of each slot, and its slope by every action value, which is 0 but for those taken.

    With e = Q(s, a) − target: Huber's loss (δ = 1) has the slope of e clipped to ±1, ½e² that of e.
    """
    batch = q_NBA.shape[1]
    share = np.float32(1.0 / batch)
    for n in range(q_NBA.shape[0]):
        total = 0.0
        for b in range(batch):
            action = action_NB[n, b]
            error = q_NBA[n, b, action] - target_NB[n, b]
            slope = min(max(error, np.float32(-1.0)), np.float32(1.0)) if huber else error
            total += slope * (error - np.float32(0.5) * slope)
            for a in range(q_NBA.shape[2]):
                slope_NBA[n, b, a] = np.float32(0.0)
            slope_NBA[n, b, action] = slope * share if error == error else error
        loss_N[n] = total / batch
