"""Strategies that go by the estimates alone: greedy, ε-greedy, softmax. Arguments are told in `basics.py`."""

import math

import numpy as np

from daedalus.core.arrays import Floats, Row
from daedalus.core.compiled import aside, inlined, lean, likely

from .basics import FOUR, coin, happens, highest, pick


@inlined
def greedy(q: Floats, row: Row, key: np.uint64, t: int) -> int:
    """An action of highest estimate. It branches on ties alone: branches on values are guessed wrong half the time."""
    return _greedy(q, row, FOUR, key, t) if likely(q.shape[1] == FOUR) else _greedy(q, row, q.shape[1], key, t)


@inlined
def _greedy(q: Floats, row: Row, actions: int, key: np.uint64, t: int) -> int:
    best = highest(q, row)
    found, ties = 0, 0
    for action in range(actions):
        hit = q[row, action] == best
        ties += hit
        found += hit * action
    return found if likely(ties == 1) else tied(q, row, best, pick(key, t, ties))


@lean
def tied(q: Floats, row: Row, best: float, left: int) -> int:
    """The action of the highest estimate after so many others that have it too; the last, where NaN equals nothing."""
    aside()
    for action in range(q.shape[1] - 1):
        if q[row, action] == best:
            if left == 0:
                return action
            left -= 1
    return int(q.shape[1] - 1)


@inlined
def epsilon_greedy(q: Floats, row: Row, epsilon: float, key: np.uint64, t: int) -> int:
    """With probability epsilon any action, else a greedy one. Sutton & Barto 2018, section 2.2."""
    if likely(not happens(key, t, epsilon)):
        return greedy(q, row, key, t)
    return pick(key, t, q.shape[1])


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
