"""The rules of exploration, compiled: one set for bandits and tables. `strategies.py` says how to add one.

In every rule q (A,) holds estimates, n (A,) how often each action was tried, t the number of the decision (from 0)
and `key` the policy's random stream: decision t may read its draws 2t and 2t + 1, and no others. Ties are broken
uniformly at random.
"""

import math

import numpy as np
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import compiled
from daedalus.core.draws import uniform

GREEDY, EPSILON_GREEDY, EPSILON_FIRST, EPSILON_FIRST_SOFTMAX, SOFTMAX, UCB = range(6)

#: The strategies that `probabilities` knows.
CLOSED_FORM = frozenset({GREEDY, EPSILON_GREEDY, EPSILON_FIRST, EPSILON_FIRST_SOFTMAX, SOFTMAX, UCB})


@compiled
def coin(key: np.uint64, t: int) -> float:
    """The first draw of decision t, in [0, 1)."""
    return uniform(key, np.uint64(2) * np.uint64(t))


@compiled
def pick(key: np.uint64, t: int, choices: int) -> int:
    """One of `choices` equally likely numbers 0…choices - 1, from the second draw of decision t."""
    return int(uniform(key, np.uint64(2) * np.uint64(t) + np.uint64(1)) * choices)


@compiled
def greedy(q: Floats, key: np.uint64, t: int) -> int:
    """An action of highest estimate."""
    best, ties = 0, 1
    for action in range(1, q.size):
        if q[action] > q[best]:
            best, ties = action, 1
        elif q[action] == q[best]:
            ties += 1
    if ties == 1:
        return best
    left = pick(key, t, ties)
    for action in range(best, q.size):
        if q[action] == q[best]:
            if left == 0:
                return action
            left -= 1
    return best


@compiled
def epsilon_greedy(q: Floats, epsilon: float, key: np.uint64, t: int) -> int:
    """With probability epsilon any action, else a greedy one. Sutton & Barto 2018, section 2.2."""
    if coin(key, t) < epsilon:
        return pick(key, t, q.size)
    return greedy(q, key, t)


@compiled
def softmax_weight(value: float, best: float, temperature: float) -> float:
    """The unnormalised Boltzmann probability of an estimate; the best one weighs 1."""
    return math.exp((value - best) / temperature)


@compiled
def softmax(q: Floats, temperature: float, key: np.uint64, t: int) -> int:
    """Action a with probability proportional to exp(q[a] / temperature). Sutton & Barto 2018, eq. 2.11."""
    best = q.max()
    total = 0.0
    for action in range(q.size):
        total += softmax_weight(q[action], best, temperature)
    left = coin(key, t) * total
    for action in range(q.size - 1):
        left -= softmax_weight(q[action], best, temperature)
        if left < 0:
            return action
    return int(q.size - 1)


@compiled
def ucb_bound(q: float, n: int, log_total: float, c: float) -> float:
    """The upper confidence bound of one action; an untried one is infinitely promising."""
    return math.inf if n == 0 else q + c * math.sqrt(log_total / n)


@compiled
def ucb(q: Floats, n: Ints, c: float, key: np.uint64, t: int) -> int:
    """An action of highest q + c·√(ln N / n), N = Σ n. Auer, Cesa-Bianchi & Fischer 2002 (UCB1: c = √2)."""
    log_total = math.log(max(n.sum(), 1))
    best, highest, ties = 0, -math.inf, 0
    for action in range(q.size):
        bound = ucb_bound(q[action], n[action], log_total, c)
        if bound > highest:
            best, highest, ties = action, bound, 1
        elif bound == highest:
            ties += 1
    if ties <= 1:
        return best
    left = pick(key, t, ties)
    for action in range(best, q.size):
        if ucb_bound(q[action], n[action], log_total, c) == highest:
            if left == 0:
                return action
            left -= 1
    return best


@compiled
def choose(code: int, params: Floats, q: Floats, n: Ints, key: np.uint64, t: int) -> int:
    """The action of the strategy `code` at decision t."""
    if code == EPSILON_GREEDY:
        return epsilon_greedy(q, params[0], key, t)
    if code == UCB:
        return ucb(q, n, params[0], key, t)
    if code == SOFTMAX:
        return softmax(q, params[0], key, t)
    if code != GREEDY and t < params[0]:  # the two ε-first rules begin with pure exploration
        return pick(key, t, q.size)
    if code == EPSILON_FIRST_SOFTMAX:
        return softmax(q, params[1], key, t)
    return greedy(q, key, t)


@compiled
def spread(q: Floats, mass: float, out: Floats) -> None:
    """Add `mass` to out (A,), shared equally by the actions of highest score."""
    best = q.max()
    ties = 0
    for action in range(q.size):
        ties += q[action] == best
    for action in range(q.size):
        if q[action] == best:
            out[action] += mass / ties


@compiled
def softmax_probabilities(q: Floats, temperature: float, out: Floats) -> None:
    """Write the Boltzmann distribution into out (A,)."""
    best = q.max()
    for action in range(q.size):
        out[action] = softmax_weight(q[action], best, temperature)
    out /= out.sum()


@compiled
def probabilities(code: int, params: Floats, q: Floats, n: Ints, t: int, out: Floats) -> None:
    """Write into out (A,) the probability of each action at decision t; it is what `choose` samples from."""
    out[:] = 0.0
    if code == EPSILON_GREEDY:
        out[:] = params[0] / q.size
        spread(q, 1.0 - params[0], out)
    elif code == UCB:
        log_total = math.log(max(n.sum(), 1))
        bounds = np.empty_like(q)
        for action in range(q.size):
            bounds[action] = ucb_bound(q[action], n[action], log_total, params[0])
        spread(bounds, 1.0, out)
    elif code == SOFTMAX:
        softmax_probabilities(q, params[0], out)
    elif code != GREEDY and t < params[0]:
        out[:] = 1.0 / q.size
    elif code == EPSILON_FIRST_SOFTMAX:
        softmax_probabilities(q, params[1], out)
    else:
        spread(q, 1.0, out)
