"""Linear bandits, compiled: ridge regression of each action's rewards, an upper bound or a draw on top.

    θ_a = A_a⁻¹ b_a,  A_a = λI + Σ x xᵀ,  b_a = Σ r x             over the steps in which a was taken
    LinUCB            take the highest  θ_a·x + α √(xᵀ A_a⁻¹ x)     (Li, Chu, Langford & Schapire 2010, algorithm 1)
    linear Thompson   take the highest  θ̃_a·x,  θ̃_a ~ N(θ_a, v² A_a⁻¹)             (Agrawal & Goyal 2013)

Only the inverse is kept, and updated by one (Sherman & Morrison 1950). All arrays have leading N; x is (d,).
"""

import math
from typing import NamedTuple

import numpy as np

from daedalus.agents.exploring.basics import pick, private
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import normal


class LinearPopulation(NamedTuple):
    """All state of N linear bandit learners."""

    t: Ints  # (N,), steps so far
    theta: Floats  # (N, A, d), the weights
    inverse: Floats  # (N, A, d, d), A⁻¹
    pulls: Ints  # (N, A), how often each action was taken
    recent: Ints  # (N,), steps since the last summary
    rewards: Floats  # (N,), the sum of their rewards


class LinearRule(NamedTuple):
    """How to choose, as compiled code sees it."""

    drawn: bool  # Thompson sampling, else an upper bound
    width: float  # v or α


@inlined
def value_of(now: LinearPopulation, i: int, action: int, x: Floats) -> float:
    """θ_a·x."""
    total = 0.0
    for j in range(x.size):
        total += now.theta[i, action, j] * x[j]
    return total


@inlined
def spread_of(now: LinearPopulation, i: int, action: int, x: Floats) -> float:
    """√(xᵀ A_a⁻¹ x)."""
    total = 0.0
    for j in range(x.size):
        inner = 0.0
        for k in range(x.size):
            inner += now.inverse[i, action, j, k] * x[k]
        total += x[j] * inner
    return math.sqrt(max(total, 0.0))


@inlined
def score_of(rule: LinearRule, now: LinearPopulation, i: int, action: int, x: Floats, own: np.uint64) -> float:
    """What an action is judged by. θ̃_a·x is normal, so that one draw for each action stands for all of θ̃_a."""
    width = rule.width * spread_of(now, i, action, x)
    if rule.drawn:
        width *= normal(own, np.uint64(action))
    return value_of(now, i, action, x) + width


@lean
def choose_linear(rule: LinearRule, now: LinearPopulation, i: int, x: Floats, key: np.uint64, t: int) -> int:
    """An action of highest score at decision t; ties are broken at random."""
    own, found, best, ties = private(key, t), 0, -math.inf, 0
    for action in range(now.theta.shape[1]):
        score = score_of(rule, now, i, action, x, own)
        if score > best:
            found, best, ties = action, score, 1
        elif score == best:
            ties += 1
    if ties <= 1:
        return found
    left = pick(key, t, ties)
    for action in range(found, now.theta.shape[1]):
        if score_of(rule, now, i, action, x, own) == best:
            if left == 0:
                return action
            left -= 1
    return found


@lean
def greedy_linear(now: LinearPopulation, i: int, x: Floats) -> int:
    """The action of highest θ_a·x, the lowest among ties."""
    found, best = 0, value_of(now, i, 0, x)
    for action in range(1, now.theta.shape[1]):
        value = value_of(now, i, action, x)
        if value > best:
            found, best = action, value
    return found


@lean
def learn_linear(now: LinearPopulation, i: int, action: int, x: Floats, reward: float, scratch: Floats) -> None:
    """One step of ridge regression; scratch (d,) is free to write on.

    With u = A⁻¹x and s = 1 + xᵀu:  A⁻¹ ← A⁻¹ - u uᵀ / s  and  θ ← θ + u (r - θ·x) / s.
    """
    s = 1.0
    for j in range(x.size):
        inner = 0.0
        for k in range(x.size):
            inner += now.inverse[i, action, j, k] * x[k]
        scratch[j] = inner
        s += x[j] * inner
    error = (reward - value_of(now, i, action, x)) / s
    for j in range(x.size):
        now.theta[i, action, j] += scratch[j] * error
        for k in range(x.size):
            now.inverse[i, action, j, k] -= scratch[j] * scratch[k] / s
    now.pulls[i, action] += 1
    now.t[i] += 1
    now.recent[i] += 1
    now.rewards[i] += reward
