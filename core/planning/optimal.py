"""Optimal values and policies without a time limit."""

from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, States
from daedalus.core.mdp import FiniteMDP

from .frame import Frame, check_gamma, expected_reward, frame, reward_unit
from .graph import descending, search
from .linear import solve_policy
from .sweeps import action_values, sweep_optimal, sweep_policy

_TIE = 1e-10  # action values nearer than this, relative to the value, count as equal
_SMALL = 500  # states up to which policy iteration with exact evaluation is the faster method
_BETTER = 1e-12  # an action must be better by this much, relative to the value, to replace the one before


@dataclass(frozen=True, eq=False)
class Solution:
    """Optimal values and an optimal policy.

    `value` (S,) is +inf where the total reward has no bound, -inf where no policy brings it to an end, and NaN
    where it is undefined (a reward that oscillates for ever, or a gamble between both infinities). `policy` (S,)
    is the lowest optimal action, at γ = 1 the likeliest of them to lead nearer to the end; it is 0 where no value is
    finite. `bounded` (S,) says where the value is finite.

    Actions tie whose values differ by no more than 1e-10 of the state's value, or of the world's largest absolute
    reward where that is larger.
    """

    value: Floats
    policy: Ints
    bounded: Bools


def solve(mdp: FiniteMDP, gamma: float = 1.0) -> Solution:
    """Solve an MDP without a time limit, by whichever method suits its size.

    γ = 1 is the total-reward criterion of Puterman (1994), chapter 7. Raises `UserError` for γ outside [0, 1].
    """
    return policy_iteration(mdp, gamma) if mdp.states <= _SMALL else value_iteration(mdp, gamma)


def value_iteration(mdp: FiniteMDP, gamma: float = 1.0) -> Solution:
    """Value iteration by ordered sweeps from the value of a policy that ends.

    From below, the sweeps rise to the best policy that ends (Bertsekas & Yu 2016). Where they converge slowly,
    policy iteration finishes.
    """
    ready = frame(mdp, gamma)
    policy, value = ready.policy.copy(), np.zeros(mdp.states)
    settled = sweep_policy(ready, policy, value) and sweep_optimal(ready, policy, value)
    return _solution(ready, value) if settled else _policy_iteration(ready, policy)


def policy_iteration(mdp: FiniteMDP, gamma: float = 1.0) -> Solution:
    """Policy iteration with exact evaluation (Howard 1960), keeping the old action at ties."""
    ready = frame(mdp, gamma)
    return _policy_iteration(ready, ready.policy.copy())


def _policy_iteration(ready: Frame, policy: States) -> Solution:
    value = solve_policy(ready, policy)
    while True:
        q_SA = _action_values(ready, value)
        better = q_SA.max(axis=1) > value + _slack(value, _BETTER)
        policy[better] = q_SA[better].argmax(axis=1)
        new = solve_policy(ready, policy) if better.any() else value
        if not np.any(new > value + _slack(value, _BETTER)):  # a round could only shuffle rounding errors
            return _solution(ready, new)
        value = new


def _slack(value: Floats, share: float, unit: float = 1.0) -> Floats:
    return share * np.maximum(unit, np.abs(value))


def _action_values(ready: Frame, value: Floats) -> Floats:
    mdp = ready.mdp
    q_SA: Floats = action_values(mdp.next_state, mdp.probability, ready.reward, ready.gamma, ready.order, value)
    return q_SA


def _solution(ready: Frame, value: Floats) -> Solution:
    policy = np.maximum(_greedy_policy(ready, value), 0).astype(np.int64)
    final = ready.unit * value + ready.outside
    return Solution(final, policy, np.isfinite(final))


def _greedy_policy(ready: Frame, value: Floats) -> States:
    ties = _action_values(ready, value) >= (value - _slack(value, _TIE))[:, None]
    if ready.gamma < 1.0:
        return np.asarray(np.argmax(ties, axis=1), dtype=np.int32)
    resting = ready.stay & (value <= _TIE)
    found = search(ready.mdp, ready.before, resting, ties)
    policy = descending(ready.mdp, found, ties)
    return np.where(resting, ready.stay_action, np.where(found.found, policy, ready.policy)).astype(np.int32)


def optimal_actions(mdp: FiniteMDP, value: Floats, gamma: float = 1.0) -> Bools:
    """Which actions are optimal under an optimal `value` (S,), (S, A); ties, told as in `Solution`, included."""
    check_gamma(gamma)
    expected = np.einsum("sak,sak->sa", mdp.probability, value[mdp.next_state])
    q_SA = expected_reward(mdp) + gamma * expected
    optimal: Bools = q_SA >= (q_SA.max(axis=1) - _slack(value, _TIE, reward_unit(mdp)))[:, None]
    return optimal


def start_value(mdp: FiniteMDP, value: Floats) -> float:
    """The value (S,) of the start distribution."""
    starts = mdp.start > 0
    return float(mdp.start[starts] @ value[starts])
