"""Thompson sampling: draw what each action may be worth from its posterior, take the best. Arguments: `basics.py`.

Its probabilities are integrals over all actions and have no closed form.
"""

import math

import numpy as np

from daedalus.core.arrays import Floats, Ints, Row
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import bits, normal, uniform

from .basics import private


@lean
def gamma_draw(shape: float, key: np.uint64) -> float:
    """A draw from Gamma(shape, 1), by rejection, from draws 0, 1, 2… of a stream. Marsaglia & Tsang 2000."""
    boost, counter = 1.0, np.uint64(0)
    if shape < 1.0:  # Gamma(a) = Gamma(a + 1)·U^(1/a)
        boost = (1.0 - uniform(key, counter)) ** (1.0 / shape)
        if boost == 0.0:  # to a float, as for most shapes near 0
            return 0.0
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        counter += np.uint64(2)
        x = normal(key, counter)
        v = (1.0 + c * x) ** 3
        if v > 0.0:
            u = 1.0 - uniform(key, counter + np.uint64(1))
            if math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v * boost


@inlined
def beta_draw(successes: float, failures: float, key: np.uint64) -> float:
    """A draw from Beta(successes, failures): X / (X + Y) for two gamma draws."""
    x = gamma_draw(successes, np.uint64(bits(key, np.uint64(0))))
    y = gamma_draw(failures, np.uint64(bits(key, np.uint64(1))))
    return x / (x + y) if x + y > 0.0 else 0.5


@lean
def thompson_beta(memory: Floats, row: Row, actions: int, prior: float, key: np.uint64, t: int) -> int:
    """θ_a ~ Beta(prior + S_a, prior + F_a), the action of highest θ. Agrawal & Goyal 2012.

    S and F = count − S are remembered as `forgetting.py` says: forever, discounted or over a window.
    """
    own, found, best = private(key, t), 0, -1.0
    for action in range(actions):
        count = max(memory[row, actions + action], 0.0)
        successes = min(max(memory[row, action], 0.0), count)
        theta = beta_draw(prior + successes, prior + count - successes, np.uint64(bits(own, np.uint64(action))))
        if theta > best:
            found, best = action, theta
    return found


@inlined
def gaussian_posterior(q: float, n: int, noise: float, mean: float, spread: float) -> tuple[float, float]:
    """Mean and standard deviation of the posterior, from n samples of N(·, noise²) with mean q; prior N(mean, spread²).

    Agrawal & Goyal 2013, further optimal regret bounds; Murphy 2007, eq. 20.
    """
    precision = n / noise**2 + 1.0 / spread**2
    return (q * n / noise**2 + mean / spread**2) / precision, 1.0 / math.sqrt(precision)


@lean
def thompson_gaussian(
    q: Floats, n: Ints, row: Row, noise: float, mean: float, spread: float, key: np.uint64, t: int
) -> int:
    """θ_a drawn from the posterior of each action's mean, the action of highest θ."""
    own, found, best = private(key, t), 0, -math.inf
    for action in range(q.shape[1]):
        centre, width = gaussian_posterior(q[row, action], n[row, action], noise, mean, spread)
        theta = centre + width * normal(own, np.uint64(action))
        if theta > best:
            found, best = action, theta
    return found
