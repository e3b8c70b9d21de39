"""Gauss-Seidel sweeps: value iteration in place, from the states nearest to an end outwards.

In that order one sweep carries values over the whole world, where plain sweeps carry them one step (the thought
of prioritised sweeping, Moore & Atkeson 1993). A pair that may stay put is taken until it leaves: its own state's
share is divided out.
"""

import numpy as np
from daedalus.core.arrays import Bools, Floats, States
from daedalus.core.compiled import compiled

from .frame import Frame

TOLERANCE = 1e-11  # of the largest value
WORK = 5_000_000_000  # outcomes looked at before sweeping is given up for linear algebra


def sweep_policy(ready: Frame, policy: States, value: Floats) -> bool:
    """Sweep `value` (S,), in place, to that of `policy` (-1: stays, worth 0); False if that takes too long."""
    return _until_still(ready, value, policy)


def sweep_optimal(ready: Frame, value: Floats) -> bool:
    """Sweep `value` (S,), in place, to the optimal one; False if that takes too long."""
    return _until_still(ready, value, None)


def _until_still(ready: Frame, value: Floats, policy: States | None) -> bool:
    mdp = ready.mdp
    width = mdp.outcomes * (1 if policy is not None else mdp.actions)
    before = np.inf
    for _ in range(int(np.clip(WORK // max(1, ready.order.size * width), 100, 100_000))):
        arrays = mdp.next_state, mdp.probability, ready.reward
        if policy is None:
            change = _sweep_optimal(*arrays, ready.gamma, ready.stay, ready.order, value)
        else:
            change = _sweep_policy(*arrays, ready.gamma, policy, ready.order, value)
        if change == 0.0:
            return True
        rate = change / before  # the distance left is about change·rate/(1 - rate), a geometric series
        if rate < 1.0 and change * max(1.0, rate / (1.0 - rate)) <= TOLERANCE * max(1.0, float(np.abs(value).max())):
            return True
        before = change
    return False


@compiled
def backup(
    next_state: States, probability: Floats, reward_SA: Floats, gamma: float, value: Floats, s: int, a: int
) -> float:
    """The worth of taking `a` in `s` until it leaves `s` (Bellman 1957); -inf where it may not or never leaves."""
    total, own = reward_SA[s, a], 0.0
    if total == -np.inf:
        return -np.inf
    for k in range(next_state.shape[2]):
        n = next_state[s, a, k]
        if n == s:
            own += probability[s, a, k]
        else:
            total += gamma * probability[s, a, k] * value[n]
    left = 1.0 - gamma * own
    return total / left if left > 1e-12 else -np.inf


@compiled
def _sweep_optimal(
    next_state: States,
    probability: Floats,
    reward_SA: Floats,
    gamma: float,
    stay: Bools,
    order: States,
    value: Floats,
) -> float:
    change = 0.0
    for i in range(order.size):
        s = order[i]
        best = 0.0 if stay[s] else -np.inf
        for a in range(next_state.shape[1]):
            best = max(best, backup(next_state, probability, reward_SA, gamma, value, s, a))
        change = max(change, abs(best - value[s]))
        value[s] = best
    return change


@compiled
def _sweep_policy(
    next_state: States,
    probability: Floats,
    reward_SA: Floats,
    gamma: float,
    policy: States,
    order: States,
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
