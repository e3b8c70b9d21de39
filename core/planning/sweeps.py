"""Value iteration in rounds that carry values across the whole world, where a plain sweep carries them one step.

A round is a forest pass (`forest`) and a Gauss-Seidel sweep, from the states nearest to an end outwards (the thought
of prioritised sweeping, Moore & Atkeson 1993). A pair that may stay put is taken until it leaves: its own state's
share is divided out.
"""

import math

import numpy as np

from daedalus.core.arrays import Bools, Floats, States
from daedalus.core.compiled import compiled

from .forest import relax
from .frame import Frame

_TOLERANCE = 1e-11  # of the largest value
_NOISE = 1e-13  # of the largest value: changes this small are rounding
_KEEP = 1e-13  # an action must be better by this much, relative to the value, to replace the one before
_WORK = 200_000_000  # outcomes looked at up to which sweeps are never given up for linear algebra
_ROUNDS = 100_000  # more are never made
_SLOW = 0.999  # while changes do not shrink, convergence is supposed to be this slow
_PROBE = 12  # rounds over which the speed of convergence is measured


def sweep_policy(ready: Frame, policy: States, value: Floats) -> bool:
    """Sweep `value` (S,), in place, to that of `policy` (-1: stays, worth 0); False if that takes too long."""
    return _until_still(ready, policy, value, improve=False)


def sweep_optimal(ready: Frame, policy: States, value: Floats) -> bool:
    """Sweep `value` (S,) from below to the optimal one and `policy` with it; False if that takes too long.

    Modified policy iteration (Puterman & Shin 1978): each round improves the policy and evaluates it in part.
    """
    return _until_still(ready, policy, value, improve=True)


def _until_still(ready: Frame, policy: States, value: Floats, improve: bool) -> bool:
    mdp = ready.mdp
    tables = mdp.next_state, mdp.probability, ready.reward, ready.gamma
    work = max(1, ready.order.size * mdp.outcomes * (2 + mdp.actions if improve else 3))
    # elimination costs about states·width², on a search front of that width: little on grids, all too much on others
    patience = max(_WORK, ready.order.size * (ready.order.size // (1 + ready.depth)) ** 2)
    changes: list[float] = []
    while True:
        change = relax(*tables, policy, ready.order, ready.parent, value)
        if improve:
            change += _improve(*tables, ready.stay, ready.order, policy, value)
        else:
            change += _evaluate(*tables, ready.order, policy, value)
        largest = max(1.0, float(np.abs(value).max()))
        if change <= _NOISE * largest:
            return True
        changes.append(change)
        if len(changes) < 2:
            continue
        probe = min(_PROBE, len(changes) - 1)
        rate = (change / changes[-1 - probe]) ** (1.0 / probe)
        # the distance left is about change·rate/(1 - rate), a geometric series
        if rate < 1.0 and change * max(1.0, rate / (1.0 - rate)) <= _TOLERANCE * largest:
            return True
        if probe == _PROBE:
            rounds = math.log(_TOLERANCE * largest / change) / math.log(min(rate, _SLOW))
            if len(changes) + rounds > min(_ROUNDS, len(changes) + patience / work):
                return False


@compiled
def backup(
    next_state: States, probability: Floats, reward_SA: Floats, gamma: float, value: Floats, s: int, a: int
) -> float:
    """The worth of taking `a` in `s` until it leaves `s` (Bellman 1957); -inf where it may not or never leaves."""
    total, leave = reward_SA[s, a], 0.0
    if total == -np.inf:
        return -np.inf
    for k in range(next_state.shape[2]):
        n = next_state[s, a, k]
        if n != s:
            leave += probability[s, a, k]
            total += gamma * probability[s, a, k] * value[n]
    left = 1.0 - gamma + gamma * leave  # 1 - γ·stay would lose the digits of a small chance to leave
    return total / left if left > 0.0 else -np.inf


@compiled
def _improve(
    next_state: States,
    probability: Floats,
    reward_SA: Floats,
    gamma: float,
    stay: Bools,
    order: States,
    policy: States,
    value: Floats,
) -> float:
    change = 0.0
    for i in range(order.size):
        s = order[i]
        best, action = -np.inf, -1
        if stay[s]:
            best = 0.0
        if policy[s] >= 0:
            best, action = backup(next_state, probability, reward_SA, gamma, value, s, policy[s]), policy[s]
        for a in range(next_state.shape[1]):
            other = backup(next_state, probability, reward_SA, gamma, value, s, a)
            if other > best + _KEEP * max(1.0, abs(best)):
                best, action = other, a
        change = max(change, abs(best - value[s]))
        policy[s], value[s] = action, best
    return change


@compiled
def _evaluate(
    next_state: States,
    probability: Floats,
    reward_SA: Floats,
    gamma: float,
    order: States,
    policy: States,
    value: Floats,
) -> float:
    change = 0.0
    for i in range(order.size):
        s = order[i]
        new = 0.0
        if policy[s] >= 0:
            new = backup(next_state, probability, reward_SA, gamma, value, s, policy[s])
        change = max(change, abs(new - value[s]))
        value[s] = new
    return change


@compiled
def action_values(
    next_state: States, probability: Floats, reward_SA: Floats, gamma: float, order: States, value: Floats
) -> Floats:
    """`backup` of every pair, (S, A); -inf in states outside `order`."""
    states, actions, _ = next_state.shape
    q_SA = np.full((states, actions), -np.inf)
    for i in range(order.size):
        s = order[i]
        for a in range(actions):
            q_SA[s, a] = backup(next_state, probability, reward_SA, gamma, value, s, a)
    return q_SA
