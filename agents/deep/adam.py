"""Adam in one pass over the weights, compiled: clipping, moments and step while the numbers are at hand."""

import numpy as np

from daedalus.core.compiled import lean

Singles = np.typing.NDArray[np.float32]


@lean
def adam(
    weight_NP: Singles, gradient_NP: Singles, first_NP: Singles, second_NP: Singles, scale_N: Singles,
    rate: float, beta1: float, beta2: float, eps: float, step: int,
) -> None:  # fmt: skip
    """Step number `step`, from 1, of Kingma & Ba 2015, algorithm 1, with the gradient of each slot scaled."""
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
