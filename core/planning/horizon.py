"""Values under a time limit: the best one by backward induction, and that of given policies."""

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, States
from daedalus.core.compiled import compiled
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP

from .frame import expected_reward
from .policies import Policy, induced

_NOTHING = 1e-13  # what the steps left out of a sum may weigh, relative to the sum


def backward_induction(mdp: FiniteMDP, horizon: int, gamma: float = 1.0) -> Floats:
    """The best expected return (S,) with `horizon` steps to go (Puterman 1994, section 4.5).

    Each round changes values by no more than the round before, so it ends early once the rounds left cannot matter.
    """
    _check(horizon)
    value: Floats = _backward(mdp.next_state, mdp.probability, expected_reward(mdp), horizon, gamma)
    return value


def policy_values_within(mdp: FiniteMDP, policies: Ints, horizon: int, gamma: float = 1.0) -> Floats:
    """The exact start values (N,) of deterministic policies (N, S) within `horizon` steps.

    Where the world is deterministic the path is followed, and a loop is counted as often as it fits. Raises
    `UserError` where a policy names no action (-1) for a state.
    """
    _check(horizon)
    if policies.ndim != 2 or policies.shape[1] != mdp.states:
        raise UserError(f"policies must have shape (N, {mdp.states}), not {policies.shape}")
    wrong = (policies < 0) | (policies >= mdp.actions)
    if wrong.any():
        which, state = np.argwhere(wrong)[0]
        raise UserError(f"policy {which} has no action for state {state}: {policies[which, state]}")
    follow = _follow if mdp.deterministic else _forward
    tables = mdp.next_state, mdp.probability, mdp.reward, mdp.start, mdp.terminal
    return np.array([follow(*tables, policy, horizon, gamma) for policy in policies.astype(np.int64, copy=False)])


def policy_value_within(mdp: FiniteMDP, policy: Policy, horizon: int, gamma: float = 1.0) -> float:
    """The exact start value of one policy, (S,) actions or (S, A) probabilities, within `horizon` steps."""
    if policy.ndim == 2:
        mdp, policy = induced(mdp, policy), np.zeros(mdp.states, dtype=np.int64)
    return float(policy_values_within(mdp, policy[None].astype(np.int64), horizon, gamma)[0])


def _check(horizon: int) -> None:
    if horizon < 1:
        raise UserError(f"the time limit must be at least 1 step, not {horizon}")


@compiled
def _backward(next_state: States, probability: Floats, reward_SA: Floats, horizon: int, gamma: float) -> Floats:
    states, actions, outcomes = next_state.shape
    value, longer = np.zeros(states), np.zeros(states)
    for step in range(horizon):
        change, largest = 0.0, 1.0
        for s in range(states):
            best = -np.inf
            for a in range(actions):
                total = reward_SA[s, a]
                for k in range(outcomes):
                    total += gamma * probability[s, a, k] * value[next_state[s, a, k]]
                best = max(best, total)
            longer[s] = best
            change = max(change, abs(best - value[s]))
            largest = max(largest, abs(best))
        value, longer = longer, value
        if change * (horizon - step - 1) <= _NOTHING * largest:
            break
    return value


@compiled
def _follow(
    next_state: States,
    probability: Floats,
    reward: Floats,
    start: Floats,
    terminal: Bools,
    policy: Ints,
    horizon: int,
    gamma: float,
) -> float:
    """Walk the one path; Brent's (1980) search finds its loop."""
    s = 0
    while start[s] == 0.0:
        s += 1
    total, discount, step = 0.0, 1.0, 0
    anchor, power, length = -1, 1, 0
    while step < horizon and not terminal[s] and s != anchor:
        if length == power:
            power, length = 2 * power, 0
        if length == 0:
            anchor = s
        total += discount * reward[s, policy[s], 0]
        discount *= gamma
        s = next_state[s, policy[s], 0]
        step, length = step + 1, length + 1
    if step == horizon or terminal[s]:
        return total
    lap, shrink = 0.0, 1.0  # one round of the loop of `length` steps that begins and ends in s
    for _ in range(length):
        lap += shrink * reward[s, policy[s], 0]
        shrink *= gamma
        s = next_state[s, policy[s], 0]
    laps = (horizon - step) // length
    rounds = float(laps) if shrink == 1.0 else (1.0 - shrink**laps) / (1.0 - shrink)
    total += discount * lap * rounds
    discount *= shrink**laps
    for _ in range((horizon - step) % length):
        total += discount * reward[s, policy[s], 0]
        discount *= gamma
        s = next_state[s, policy[s], 0]
    return total


@compiled
def _forward(
    next_state: States,
    probability: Floats,
    reward: Floats,
    start: Floats,
    terminal: Bools,
    policy: Ints,
    horizon: int,
    gamma: float,
) -> float:
    """Push the start distribution forward over the states it can reach."""
    states, _, outcomes = next_state.shape
    reached = np.empty(states, dtype=np.int64)
    known = np.zeros(states, dtype=np.bool_)
    count, largest = 0, 0.0
    for s in range(states):
        if start[s] > 0.0 and not terminal[s]:
            reached[count], known[s] = s, True
            count += 1
    reading = 0
    while reading < count:
        s = reached[reading]
        reading += 1
        for k in range(outcomes):
            n = next_state[s, policy[s], k]
            if probability[s, policy[s], k] > 0.0:
                largest = max(largest, abs(reward[s, policy[s], k]))
                if not known[n] and not terminal[n]:
                    reached[count], known[n] = n, True
                    count += 1
    mass, following = start.copy(), np.zeros(states)
    total, discount = 0.0, 1.0
    for step in range(horizon):
        alive, earned = 0.0, 0.0  # summed a step at a time: one long sum would round away digits
        for i in range(count):
            s = reached[i]
            here = mass[s]
            mass[s] = 0.0
            if here == 0.0:
                continue
            alive += here
            for k in range(outcomes):
                p = here * probability[s, policy[s], k]
                earned += p * reward[s, policy[s], k]
                following[next_state[s, policy[s], k]] += p
        mass, following = following, mass
        total += discount * earned
        discount *= gamma
        if discount * alive * largest * (horizon - step - 1) <= _NOTHING * max(1.0, abs(total)):
            break
    return total
