"""The inner loops of `quick.py`, compiled: a dozen calls of torch on small tensors would cost more."""

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


@lean
def adam(
    weight_NP: Singles, gradient_NP: Singles, first_NP: Singles, second_NP: Singles, scale_N: Singles,
    rate: float, beta1: float, beta2: float, eps: float, step: int,
) -> None:  # fmt: skip
    """Step number `step`, from 1, of Adam (Kingma & Ba 2015, algorithm 1), each slot's gradient scaled, in one pass."""
    b1, b2 = np.float32(beta1), np.float32(beta2)
    c1, c2, one = np.float32(1.0 - beta1), np.float32(1.0 - beta2), np.float32(1.0)
    size = np.float32(rate / (1.0 - beta1**step))
    root = np.float32(1.0) / np.float32(np.sqrt(1.0 - beta2**step))
    small = np.float32(eps)
    for n in range(weight_NP.shape[0]):
        weight, gradient, first, second = weight_NP[n], gradient_NP[n], first_NP[n], second_NP[n]
        scale = scale_N[n] * one
        for i in range(weight.size):
            g = gradient[i] * scale
            m = b1 * first[i] + c1 * g
            v = b2 * second[i] + c2 * (g * g)
            first[i], second[i] = m, v
            weight[i] -= size * m / (np.sqrt(v) * root + small)
