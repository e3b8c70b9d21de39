"""The rules of exploration, compiled: one set for bandits and tables. `strategies.py` says how to add one.

In every rule q (R, A) holds rows of estimates (a row per state of a table, or per bandit), n (R, A) how often each
action was tried there, memory (R, M) what a strategy of its own remembers of a row, `row` where the decision is to be
made, t its number (from 0) and `key` the policy's random stream: decision t may read its draws 2t and 2t + 1, and as
many as it likes of its own stream `private(key, t)`. Ties are broken uniformly at random.

Rows are given by number because slicing one off inside a compiled loop costs more than the decision itself.
"""

import math
from typing import NamedTuple

import numpy as np

from daedalus.core.arrays import Floats, Ints, Row
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import bits, uniform

from .rates import Rate, rate_at

GREEDY, EPSILON_GREEDY, EPSILON_FIRST, EPSILON_FIRST_SOFTMAX, SOFTMAX, UCB = range(6)

#: The strategies that `probabilities` knows.
CLOSED_FORM = frozenset({GREEDY, EPSILON_GREEDY, EPSILON_FIRST, EPSILON_FIRST_SOFTMAX, SOFTMAX, UCB})

_PRIVATE = np.uint64(1 << 62)


class Explore(NamedTuple):
    """A strategy as compiled code sees it."""

    code: int
    rate: Rate  # the one parameter that may change with t: epsilon, temperature
    params: tuple[float, float, float, float]  # the others, in the order of the strategy's fields


@inlined
def coin(key: np.uint64, t: int) -> float:
    """The first draw of decision t, in [0, 1)."""
    return uniform(key, np.uint64(2) * np.uint64(t))


@inlined
def pick(key: np.uint64, t: int, choices: int) -> int:
    """One of `choices` equally likely numbers 0…choices - 1, from the second draw of decision t."""
    return int(uniform(key, np.uint64(2) * np.uint64(t) + np.uint64(1)) * choices)


@inlined
def private(key: np.uint64, t: int) -> np.uint64:
    """The key of decision t's own stream, for strategies that need more draws than two."""
    return np.uint64(bits(key ^ _PRIVATE, np.uint64(t)))


@inlined
def highest(q: Floats, row: Row) -> float:
    """The largest entry of a row of q (R, A)."""
    if q.shape[1] == 4:  # most grids; without a loop it is twice as fast
        return float(max(max(q[row, 0], q[row, 1]), max(q[row, 2], q[row, 3])))
    best = q[row, 0]
    for action in range(1, q.shape[1]):
        best = max(best, q[row, action])
    return float(best)


@inlined
def tried(n: Ints, row: Row) -> int:
    """How many decisions were made in a row."""
    total = 0
    for action in range(n.shape[1]):
        total += n[row, action]
    return total


@inlined
def greedy(q: Floats, row: Row, key: np.uint64, t: int) -> int:
    """An action of highest estimate. It branches on ties alone: branches on values are guessed wrong half the time."""
    best = highest(q, row)
    found, ties = 0, 0
    for action in range(q.shape[1] - 1, -1, -1):
        hit = q[row, action] == best
        ties += hit
        found = action if hit else found
    if ties == 1:
        return found
    left = pick(key, t, ties)
    for action in range(found, q.shape[1]):
        if q[row, action] == best:
            if left == 0:
                return action
            left -= 1
    return found


@inlined
def epsilon_greedy(q: Floats, row: Row, epsilon: float, key: np.uint64, t: int) -> int:
    """With probability epsilon any action, else a greedy one. Sutton & Barto 2018, section 2.2."""
    if coin(key, t) < epsilon:
        return pick(key, t, q.shape[1])
    return greedy(q, row, key, t)


@inlined
def softmax_weight(value: float, best: float, temperature: float) -> float:
    """The unnormalised Boltzmann probability of an estimate; the best one weighs 1."""
    return math.exp((value - best) / temperature)


@lean
def softmax(q: Floats, row: Row, temperature: float, key: np.uint64, t: int) -> int:
    """Action a with probability proportional to exp(q[a] / temperature). Sutton & Barto 2018, eq. 2.11."""
    best = highest(q, row)
    total = 0.0
    for action in range(q.shape[1]):
        total += softmax_weight(q[row, action], best, temperature)
    left = coin(key, t) * total
    for action in range(q.shape[1] - 1):
        left -= softmax_weight(q[row, action], best, temperature)
        if left < 0:
            return action
    return int(q.shape[1] - 1)


@inlined
def ucb_bound(q: float, n: int, log_total: float, c: float) -> float:
    """The upper confidence bound of one action; an untried one is infinitely promising."""
    return math.inf if n == 0 else q + c * math.sqrt(log_total / n)


@lean
def ucb(q: Floats, n: Ints, row: Row, c: float, key: np.uint64, t: int) -> int:
    """An action of highest q + c·√(ln N / n), N = Σ n. Auer, Cesa-Bianchi & Fischer 2002 (UCB1: c = √2)."""
    log_total = math.log(max(tried(n, row), 1))
    best, highest, ties = 0, -math.inf, 0
    for action in range(q.shape[1]):
        bound = ucb_bound(q[row, action], n[row, action], log_total, c)
        if bound > highest:
            best, highest, ties = action, bound, 1
        elif bound == highest:
            ties += 1
    if ties <= 1:
        return best
    left = pick(key, t, ties)
    for action in range(best, q.shape[1]):
        if ucb_bound(q[row, action], n[row, action], log_total, c) == highest:
            if left == 0:
                return action
            left -= 1
    return best


@inlined
def choose(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, key: np.uint64, t: int) -> int:
    """The action of a strategy at decision t."""
    code = explore.code
    if code == EPSILON_GREEDY:
        return epsilon_greedy(q, row, rate_at(explore.rate, t), key, t)
    if code == GREEDY:
        return greedy(q, row, key, t)
    return other_choice(explore, q, n, memory, row, key, t)


@lean
def other_choice(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, key: np.uint64, t: int) -> int:
    """`choose` for the strategies that take longer than a call does."""
    code, params = explore.code, explore.params
    if code == UCB:
        return ucb(q, n, row, params[0], key, t)
    if code == SOFTMAX:
        return softmax(q, row, rate_at(explore.rate, t), key, t)
    if t < params[0]:  # the two ε-first rules begin with pure exploration
        return pick(key, t, q.shape[1])
    if code == EPSILON_FIRST_SOFTMAX:
        return softmax(q, row, rate_at(explore.rate, t), key, t)
    return greedy(q, row, key, t)


@inlined
def observe(explore: Explore, n: Ints, memory: Floats, row: Row, action: int, sample: float, t: int) -> None:
    """What a strategy remembers of one sample (a reward, or the target of a table) after decision t; n counts it."""
    if memory.shape[1] > 0:
        remember(explore, n, memory, row, action, sample, t)


@lean
def remember(explore: Explore, n: Ints, memory: Floats, row: Row, action: int, sample: float, t: int) -> None:
    """`observe` for the strategies that have a memory of their own."""


@inlined
def spread(q: Floats, row: Row, mass: float, out: Floats) -> None:
    """Add `mass` to out (A,), shared equally by the actions of highest score."""
    best = highest(q, row)
    ties = 0
    for action in range(q.shape[1]):
        ties += q[row, action] == best
    for action in range(q.shape[1]):
        if q[row, action] == best:
            out[action] += mass / ties


@lean
def softmax_probabilities(q: Floats, row: Row, temperature: float, out: Floats) -> None:
    """Write the Boltzmann distribution into out (A,)."""
    best = highest(q, row)
    for action in range(q.shape[1]):
        out[action] = softmax_weight(q[row, action], best, temperature)
    total = 0.0
    for action in range(out.size):
        total += out[action]
    for action in range(out.size):
        out[action] /= total


@lean
def share_best(out: Floats) -> None:
    """Replace scores (A,) by probabilities: the highest share everything equally."""
    best, ties = -math.inf, 0
    for action in range(out.size):
        if out[action] > best:
            best, ties = out[action], 1
        elif out[action] == best:
            ties += 1
    for action in range(out.size):
        out[action] = 1.0 / ties if out[action] == best else 0.0


@lean
def probabilities(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, t: int, out: Floats) -> None:
    """Write into out (A,) the probability of each action at decision t; it is what `choose` samples from."""
    code, params = explore.code, explore.params
    out[:] = 0.0
    if code == EPSILON_GREEDY:
        epsilon = rate_at(explore.rate, t)
        out[:] = epsilon / q.shape[1]
        spread(q, row, 1.0 - epsilon, out)
    elif code == UCB:
        log_total = math.log(max(tried(n, row), 1))
        for action in range(q.shape[1]):
            out[action] = ucb_bound(q[row, action], n[row, action], log_total, params[0])
        share_best(out)
    elif code == SOFTMAX:
        softmax_probabilities(q, row, rate_at(explore.rate, t), out)
    elif code != GREEDY and t < params[0]:
        out[:] = 1.0 / q.shape[1]
    elif code == EPSILON_FIRST_SOFTMAX:
        softmax_probabilities(q, row, rate_at(explore.rate, t), out)
    else:
        spread(q, row, 1.0, out)
