"""Values under a time limit: the best one by backward induction, and that of given policies."""

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, States
from daedalus.core.compiled import compiled
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP

from .chains import CHUNK, chain_of, earned_within
from .frame import check_gamma, expected_reward
from .optimal import optimal_actions
from .policies import Policy, check_policy, induced

#: Outcomes looked at in which a quantity under a time limit must be settled unless it is asked for at any cost: a few
#: seconds on one core.
CHEAP = 3_000_000_000

_NOTHING = 1e-13  # what the rounds left out may change, relative to the largest value
_ALIKE = 1e-11  # the same, where all values go on changing alike


def backward_induction(mdp: FiniteMDP, horizon: int, gamma: float = 1.0) -> Floats:
    """The best expected return (S,) with `horizon` steps to go (Puterman 1994, section 4.5).

    No round changes any value by more than the largest change of the round before, nor by less than the smallest
    (times γ), so it ends early once these bounds leave nothing open.
    """
    _check(horizon, gamma)
    return _with_steps_to_go(mdp, horizon, gamma, None)[0]


def backward_within(mdp: FiniteMDP, horizon: int, gamma: float, budget: int | None) -> Floats | None:
    """`backward_induction`, or None where looking at `budget` outcomes does not settle it."""
    _check(horizon, gamma)
    value, left = _with_steps_to_go(mdp, horizon, gamma, budget)
    return None if left else value


def first_actions(mdp: FiniteMDP, horizon: int, gamma: float = 1.0) -> Ints:
    """The best action (S,) of the first of `horizon` steps; the lowest at ties, which are told as in `Solution`.

    Where backward induction over all steps would cost more than seconds, as many steps as that allows are planned.
    """
    _check(horizon, gamma)
    value = np.zeros(mdp.states)
    if horizon > 1:
        value, _ = _with_steps_to_go(mdp, horizon - 1, gamma, CHEAP)
    return np.asarray(optimal_actions(mdp, value, gamma).argmax(axis=1), dtype=np.int64)


def policy_values_within(
    mdp: FiniteMDP, policies: Ints, horizon: int, gamma: float = 1.0, budget: int | None = None
) -> Floats:
    """The exact start values (N,) of deterministic policies (N, S) within `horizon` steps, to 1e-9.

    Where the world is deterministic the path is followed, and a loop is counted as often as it fits. Elsewhere the
    distribution over states is pushed forward; NaN where `budget` transitions do not settle a policy's value. Raises
    `UserError` where a policy names no action (-1) for a state.
    """
    _check(horizon, gamma)
    if policies.ndim != 2 or policies.shape[1] != mdp.states:
        raise UserError(f"policies must have shape (N, {mdp.states}), not {policies.shape}")
    if not np.issubdtype(policies.dtype, np.integer):
        raise UserError(f"policies must hold integer actions, not {policies.dtype}")
    wrong = (policies < 0) | (policies >= mdp.actions)
    if wrong.any():
        which, state = np.argwhere(wrong)[0]
        raise UserError(f"policy {which} has no action for state {state}: {policies[which, state]}")

    def value(policy: Ints) -> float:
        if mdp.deterministic:
            return float(_follow(mdp.next_state, mdp.reward, mdp.start, mdp.terminal, policy, horizon, gamma))
        return earned_within(chain_of(mdp, policy, gamma), horizon, budget)

    return np.array([value(policy) for policy in policies.astype(np.int64, copy=False)])


def policy_value_within(
    mdp: FiniteMDP, policy: Policy, horizon: int, gamma: float = 1.0, budget: int | None = None
) -> float:
    """`policy_values_within` of one policy, (S,) actions or (S, A) probabilities."""
    check_policy(mdp, policy)
    if policy.ndim == 2:
        mdp, policy = induced(mdp, policy), np.zeros(mdp.states, dtype=np.int64)
    return float(policy_values_within(mdp, policy[None].astype(np.int64), horizon, gamma, budget)[0])


def check_horizon(horizon: int) -> int:
    """The time limit itself. Raises `UserError` where it is below 1 step."""
    if horizon < 1:
        raise UserError(f"the time limit must be at least 1 step, not {horizon}")
    return horizon


def _check(horizon: int, gamma: float) -> None:
    check_horizon(horizon)
    check_gamma(gamma)


def _with_steps_to_go(mdp: FiniteMDP, horizon: int, gamma: float, budget: int | None) -> tuple[Floats, int]:
    """The best values with `horizon` steps to go, or with as many fewer as `budget` outcomes leave over, and how many.

    With d between `low` and `high` the change of the last round, and n rounds left, the value still changes by
    between (γ + … + γⁿ)·low and the same times `high`.
    """
    value, longer = np.zeros(mdp.states), np.zeros(mdp.states)
    tables = mdp.next_state, mdp.probability, expected_reward(mdp), gamma
    work = mdp.next_state.size
    rounds, left = max(1, CHUNK // work), horizon
    affordable = horizon if budget is None else min(horizon, budget // work)
    while affordable > 0:
        done, low, high = _rounds(*tables, value, longer, min(rounds, affordable), left)
        left, affordable = left - done, affordable - done
        if _settled(low, high, _weight(gamma, left), float(np.abs(value).max())):
            drift = 0.0 if low <= 0.0 <= high else (low + high) / 2
            return value + _weight(gamma, left) * drift, 0
    return value, left


@compiled
def _weight(gamma: float, rounds: int) -> float:
    """γ + γ² + …, so many terms."""
    return float(rounds) if gamma == 1.0 else gamma * (1.0 - gamma**rounds) / (1.0 - gamma)


@compiled
def _settled(low: float, high: float, weight: float, largest: float) -> bool:
    if low <= 0.0 <= high:
        return weight * max(high, -low) <= _NOTHING * largest
    return weight * (high - low) <= _ALIKE * (largest + weight * min(abs(low), abs(high)))


@compiled
def _rounds(
    next_state: States,
    probability: Floats,
    reward_SA: Floats,
    gamma: float,
    value: Floats,
    longer: Floats,
    rounds: int,
    left: int,
) -> tuple[int, float, float]:
    """Up to `rounds` of the `left` rounds on `value` (S,), in place; how many, and the bounds of the last change."""
    states, actions, outcomes = next_state.shape
    now, after = value, longer
    done, low, high = 0, -np.inf, np.inf
    while done < rounds:
        low, high, largest = np.inf, -np.inf, 0.0
        for s in range(states):
            best = -np.inf
            for a in range(actions):
                total = reward_SA[s, a]
                for k in range(outcomes):
                    total += gamma * probability[s, a, k] * now[next_state[s, a, k]]
                best = max(best, total)
            after[s] = best
            low = min(low, best - now[s])
            high = max(high, best - now[s])
            largest = max(largest, abs(best))
        now, after = after, now
        done += 1
        if _settled(low, high, _weight(gamma, left - done), largest):
            break
    if done % 2 == 1:
        value[:] = longer
    return done, low, high


@compiled
def _follow(
    next_state: States,
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
