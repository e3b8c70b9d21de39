"""What the rules of exploration share: strategies as compiled code sees them, their draws, and rows of numbers.

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
from daedalus.core.compiled import inlined, lean, likely
from daedalus.core.draws import bits, chance, uniform

from .rates import Rate

(
    GREEDY,
    EPSILON_GREEDY,
    EPSILON_FIRST,
    EPSILON_FIRST_SOFTMAX,
    SOFTMAX,
    UCB,
    UCB_TUNED,
    KL_UCB,
    KL_UCB_GAUSSIAN,
    MOSS,
    FORGETFUL_UCB,
    THOMPSON_BETA,
    THOMPSON_GAUSSIAN,
    GRADIENT,
    EXP3,
) = range(15)  # UCB … FORGETFUL_UCB are the bounds

#: The strategies whose probabilities have a closed form, which `probabilities` knows.
CLOSED_FORM = frozenset(range(15)) - {THOMPSON_BETA, THOMPSON_GAUSSIAN}

#: Actions of most grids. A loop with this constant for its end becomes straight code, which is twice as fast.
FOUR = 4

_PRIVATE = np.uint64(1 << 62)


class Explore(NamedTuple):
    """A strategy as compiled code sees it."""

    code: int
    rate: Rate  # the one parameter that may change with t: epsilon, temperature
    params: tuple[float, float, float, float, float]  # the others, in the order that the strategy's `rule` names


@inlined
def coin(key: np.uint64, t: int) -> float:
    """The first draw of decision t, in [0, 1)."""
    return uniform(key, np.uint64(2) * np.uint64(t))


@inlined
def happens(key: np.uint64, t: int, probability: float) -> bool:
    """Whether something of that probability happens, by the same draw."""
    return chance(key, np.uint64(2) * np.uint64(t), probability)


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
    return _highest(q, row, FOUR) if likely(q.shape[1] == FOUR) else _highest(q, row, q.shape[1])


@inlined
def _highest(q: Floats, row: Row, actions: int) -> float:
    best = q[row, 0]
    for action in range(1, actions):
        best = max(best, q[row, action])
    return float(best)


@inlined
def average(q: Floats, row: Row) -> float:
    """The mean of a row of q (R, A)."""
    total = 0.0
    for action in range(q.shape[1]):
        total += q[row, action]
    return float(total / q.shape[1])


@inlined
def tried(n: Ints, row: Row) -> int:
    """How many decisions were made in a row."""
    total = 0
    for action in range(n.shape[1]):
        total += n[row, action]
    return total


@inlined
def within(sample: float, low: float, high: float) -> float:
    """A sample on the scale where `low` is 0 and `high` is 1; what lies outside counts as its end."""
    return min(max((sample - low) / (high - low), 0.0), 1.0)


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
