"""Sum trees, compiled: draws in proportion to priorities, in O(log n). Schaul et al. 2016, appendix B.2.1.

A node has eight children, which lie side by side in memory: a third of a binary tree's levels, and of its waits. Each
slot has a tree of sums and one of minima over the leaves that are above 0; level by level one behind the other, leaves
first, up to a level of eight. Every node is computed anew from its children, so both are functions of the leaves
alone, whatever was written in which order: no error adds up, and leaves are all there is to save.
"""

import math

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import bits, uniform

from .ring import ADDED, OLDEST, Bytes, Singles, learnable, unroll


def level_starts(leaves: int) -> Ints:
    """Where each level of a tree begins, and behind them how long it is as a whole."""
    starts, size = [0], leaves
    while True:
        size = -(-size // 8)
        starts.append(starts[-1] + 8 * size)
        if size == 1:
            return np.array(starts)


@inlined
def total_of(sums: Floats, i: int) -> float:
    """The sum of all leaves of slot i."""
    total = 0.0
    for node in range(sums.shape[1] - 8, sums.shape[1]):
        total += sums[i, node]
    return total


@inlined
def lowest_of(lows: Floats, i: int) -> float:
    """The smallest leaf above 0 of slot i."""
    low = np.inf
    for node in range(lows.shape[1] - 8, lows.shape[1]):
        low = min(low, lows[i, node])
    return low


@inlined
def put(sums: Floats, lows: Floats, starts: Ints, i: int, leaf: int, value: float) -> None:
    """Write a leaf and all above it."""
    sums[i, leaf] = value
    lows[i, leaf] = value if value > 0.0 else np.inf
    node = leaf
    for level in range(starts.size - 2):
        node >>= 3
        first, total, low = starts[level] + 8 * node, 0.0, np.inf
        for child in range(first, first + 8):
            total += sums[i, child]
            low = min(low, lows[i, child])
        sums[i, starts[level + 1] + node] = total
        lows[i, starts[level + 1] + node] = low


@inlined
def find(sums: Floats, starts: Ints, i: int, value: float) -> int:
    """The leaf in which `value` of the total falls, one above 0 whatever rounding does; the total must be above 0."""
    node = 0
    for above in range(starts.size - 1):
        first, chosen = starts[starts.size - 2 - above] + 8 * node, 0
        for child in range(8):
            part = sums[i, first + child]
            if part > 0.0:
                chosen = child
                if value < part:
                    break
                value -= part
        node = 8 * node + chosen
    return node


@lean
def follow(
    state: Ints, span: Ints, top: Floats, sums: Floats, lows: Floats, starts: Ints, capacity: int, n: int
) -> None:
    """After a step: leaves of transitions that went become 0, those that can be sampled now get the highest priority.

    `span` (N, 2) is which have a leaf, from the oldest up to the newest, counted as transitions are.
    """
    for i in range(state.shape[0]):
        first = state[i, OLDEST]
        beyond = first + learnable(state, i, n)
        for gone in range(span[i, 0], min(first, span[i, 1])):
            put(sums, lows, starts, i, gone % capacity, 0.0)
        for new in range(max(first, span[i, 1]), beyond):
            put(sums, lows, starts, i, new % capacity, top[i])
        span[i, 0], span[i, 1] = first, beyond


@lean
def rebuild(leaves: Floats, sums: Floats, lows: Floats, starts: Ints) -> None:
    """Both trees of leaves (N, C)."""
    for i in range(leaves.shape[0]):
        for leaf in range(leaves.shape[1]):
            if leaves[i, leaf] > 0.0:
                put(sums, lows, starts, i, leaf, leaves[i, leaf])


@lean
def assess(
    index: Ints,
    errors: Floats,
    span: Ints,
    top: Floats,
    sums: Floats,
    lows: Floats,
    starts: Ints,
    capacity: int,
    alpha: float,
    epsilon: float,
) -> None:
    """Leaf (|δ| + ε)^α for transitions `index` (N, B) with errors δ (N, B); those that went meanwhile are passed by.

    Schaul et al. 2016, section 3.3, the proportional variant. `top` keeps the highest ever given.
    """
    for i in range(index.shape[0]):
        for b in range(index.shape[1]):
            if span[i, 0] <= index[i, b] < span[i, 1]:
                value = (abs(errors[i, b]) + epsilon) ** alpha
                top[i] = max(top[i], value)
                put(sums, lows, starts, i, index[i, b] % capacity, value)


@lean
def proportionally(
    state: Ints,
    rows: Ints,
    actions: Ints,
    rewards: Singles,
    ends: Bytes,
    keys: Keys,
    t: int,
    room: int,
    n: int,
    gamma: float,
    whole: Ints,
    real: Singles,
    sums: Floats,
    lows: Floats,
    starts: Ints,
    beta: float,
) -> int:
    """A batch drawn in proportion to the leaves: one from each of B equal parts of their sum.

    Place b takes (b + u) / B of the sum, u draw b of the stream bits(key, t). Weights are (1 / count / P)^β over the
    largest such of all transitions, which is (smallest leaf / leaf)^β (Schaul et al. 2016, section 3.4). As
    `ring.uniformly`, with the transition's number in whole[3] and its weight in real[2].
    """
    capacity, size = rows.shape[1], real.shape[2]
    for i in range(state.shape[0]):
        if learnable(state, i, n) == 0:
            return i
        total, lowest = total_of(sums, i), lowest_of(lows, i)
        key, newest = bits(keys[i], np.uint64(t)), state[i, ADDED] - 1
        for b in range(size):
            at = find(sums, starts, i, (b + uniform(key, np.uint64(b))) / size * total)
            unroll(state, rows, actions, rewards, ends, i, b, at, room, n, gamma, whole, real)
            whole[3, i, b] = newest - (newest - at) % capacity
            real[2, i, b] = math.pow(lowest / sums[i, at], beta)
    return -1
