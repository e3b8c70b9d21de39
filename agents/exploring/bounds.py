"""Optimism: the action of highest upper confidence bound. Arguments are told in `basics.py`.

Each rule is a function of one action's numbers and of `level`, what all actions of the row share. An untried action is
infinitely promising. Where many rows decide at once, `row_bounds` writes all their bounds: UCB's are made by vector
instructions then, several roots and quotients at a time, and these are what its time goes into.
"""

import math

import numpy as np

from daedalus.core.arrays import Floats, Ints, Row
from daedalus.core.compiled import inlined, lean

from .basics import FORGETFUL_UCB, KL_UCB, KL_UCB_GAUSSIAN, MOSS, UCB, UCB_TUNED, Explore, pick, tried, within
from .forgetting import remembered

#: α of the anytime MOSS, for which Degenne & Perchet 2016 state their bound.
_ANYTIME = 1.35


@inlined
def ucb_bound(q: float, n: int, log_total: float, c: float) -> float:
    """q + c·√(ln N / n), N = Σ n. Auer, Cesa-Bianchi & Fischer 2002, UCB1: c = √2."""
    return math.inf if n == 0 else q + c * math.sqrt(log_total / n)


@inlined
def ucb_tuned_bound(q: float, n: int, log_total: float, variance: float, width: float) -> float:
    """q + w·√(ln N / n · min(¼, σ²/w² + √(2 ln N / n))) for rewards in an interval of length w.

    Auer, Cesa-Bianchi & Fischer 2002, section 4.
    """
    if n == 0:
        return math.inf
    each = log_total / n
    return q + width * math.sqrt(each * min(0.25, variance / width**2 + math.sqrt(2.0 * each)))


@inlined
def moss_bound(q: float, n: int, share: float, scale: float) -> float:
    """q + scale·√(max(0, ln(share / n)) / n), `share` = T / A. Audibert & Bubeck 2009; anytime: N / A for T / A and
    √((1 + α) / 2) more of it, Degenne & Perchet 2016.
    """
    return math.inf if n == 0 else q + scale * math.sqrt(max(0.0, math.log(share / n)) / n)


@inlined
def divergence(p: float, q: float) -> float:
    """The Kullback–Leibler divergence of Bernoulli(q) from Bernoulli(p), for q in (0, 1)."""
    nay = (1.0 - p) * math.log((1.0 - p) / (1.0 - q)) if p < 1.0 else 0.0
    return nay + p * math.log(p / q) if p > 0.0 else nay


@lean
def kl_bound(p: float, level: float) -> float:
    """The largest m in [p, 1] with kl(p, m) ≤ level. Garivier & Cappé 2011, eq. 2.

    Newton's steps from above: kl(p, ·) is convex and rises there, so none oversteps. The start is the lower of two
    points that are certain to lie above: Pinsker's p + √(level / 2), and where (1 − p) ln((1 − p)/(1 − m)) + p ln p is
    the level.
    """
    if p >= 1.0:
        return 1.0
    if level <= 0.0:
        return p
    entropy = p * math.log(p) if p > 0.0 else 0.0
    m = min(p + math.sqrt(level / 2.0), 1.0 - (1.0 - p) * math.exp(-(level - entropy) / (1.0 - p)))
    for _ in range(60):
        if m >= 1.0:
            return 1.0
        step = (divergence(p, m) - level) * m * (1.0 - m) / (m - p)
        m -= step
        if not step > 1e-8 * (1.0 - m):  # the error is of the order of its square
            return m
    return m


@inlined
def forgetful_bound(total: float, count: float, log_total: float, c: float) -> float:
    """x̄ + c·√(ln Σ N / N), x̄ and N of what is remembered; c = 2B√ξ with a discount, B√ξ with a window.

    Garivier & Moulines 2011, sections 3.1 and 3.2.
    """
    return math.inf if count <= 0.0 else total / count + c * math.sqrt(log_total / count)


@inlined
def level(explore: Explore, n: Ints, memory: Floats, row: Row) -> float:
    """What the bounds of all actions of a row share: mostly ln N."""
    code, params, actions = explore.code, explore.params, n.shape[1]
    if code == FORGETFUL_UCB:
        return math.log(max(remembered(memory, row, actions), 1.0))
    total = max(tried(n, row), 1)
    if code == MOSS:
        return float((params[0] if params[0] > 0 else total) / actions)
    logarithm = math.log(total)
    if code == KL_UCB:
        return kl_level(logarithm, params[0])
    if code == KL_UCB_GAUSSIAN:  # kl(p, m) = (p - m)² / 2σ²: UCB's bound for twice the level and c = σ
        return 2.0 * kl_level(logarithm, params[1])
    return logarithm


@inlined
def kl_level(logarithm: float, c: float) -> float:
    """ln N + c·ln ln N, which the divergence may reach N times over. Garivier & Cappé 2011, algorithm 1."""
    return logarithm + c * math.log(max(logarithm, 1.0))


@inlined
def bound(explore: Explore, level: float, q: Floats, n: Ints, memory: Floats, row: Row, action: int) -> float:
    """The upper confidence bound of an action."""
    code, params, actions = explore.code, explore.params, q.shape[1]
    if code == FORGETFUL_UCB:
        return forgetful_bound(memory[row, action], memory[row, actions + action], level, params[0])
    value, count = q[row, action], n[row, action]
    if code in (UCB, KL_UCB_GAUSSIAN):
        return ucb_bound(value, count, level, params[0])
    if count == 0:
        return math.inf
    if code == UCB_TUNED:
        seen = memory[row, action]  # Welford's count, mean and sum of squares
        variance = memory[row, 2 * actions + action] / seen if seen > 0.0 else 0.0
        return ucb_tuned_bound(value, count, level, variance, params[0])
    if code == MOSS:
        anytime = 1.0 if params[0] > 0 else math.sqrt((1.0 + _ANYTIME) / 2.0)
        return moss_bound(value, count, level, params[1] * anytime)
    return kl_bound(within(value, params[1], params[2]), level / count)


@lean
def highest_bound(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, key: np.uint64, t: int) -> int:
    """An action of highest bound."""
    shared = level(explore, n, memory, row)
    found, best, ties = 0, -math.inf, 0
    for action in range(q.shape[1]):
        value = bound(explore, shared, q, n, memory, row, action)
        if value > best:
            found, best, ties = action, value, 1
        elif value == best:
            ties += 1
    if ties <= 1:
        return found
    left = pick(key, t, ties)
    for action in range(found, q.shape[1]):
        if bound(explore, shared, q, n, memory, row, action) == best:
            if left == 0:
                return action
            left -= 1
    return found


@lean
def row_bounds(explore: Explore, q: Floats, n: Ints, memory: Floats, first: int, last: int, out: Floats) -> None:
    """Write the bounds of all actions in the rows `first` … `last` - 1 into the first rows of out (R', A).

    A single row is too short for vector instructions. Neighbours with as many decisions share their level, and lie
    end to end: they make one long row.
    """
    actions, row = q.shape[1], first
    while row < last:
        shared, end = level(explore, n, memory, row), row + 1
        if explore.code in (UCB, KL_UCB_GAUSSIAN):
            decisions = tried(n, row)
            while end < last and tried(n, end) == decisions:
                end += 1
            size = (end - row) * actions
            flat = out[row - first : end - first].reshape(size)
            ucb_bounds(q[row:end].reshape(size), n[row:end].reshape(size), shared, explore.params[0], flat)
        else:
            for action in range(actions):
                out[row - first, action] = bound(explore, shared, q, n, memory, row, action)
        row = end


@lean
def ucb_bounds(q: Floats, n: Ints, log_total: float, c: float, out: Floats) -> None:
    """`ucb_bound` of K actions that share a level; q, n and out are (K,)."""
    for k in range(out.size):
        out[k] = ucb_bound(q[k], n[k], log_total, c)


@lean
def remember_variance(memory: Floats, row: Row, actions: int, action: int, sample: float) -> None:
    """Count, mean and Σ (x − mean)² of each action's samples, (3A,) of a row. Welford 1962."""
    count = memory[row, action] + 1.0
    off = sample - memory[row, actions + action]
    mean = memory[row, actions + action] + off / count
    memory[row, action], memory[row, actions + action] = count, mean
    memory[row, 2 * actions + action] += off * (sample - mean)
