"""Dynamic programming as a strategy: those who know the model plan before the first step, and never learn.

    value iteration:   V(s) ← max_a Σ p(s', r | s, a) [r + γ V(s')]     (Bellman 1957; Sutton & Barto 2018, eq. 4.10)
    policy iteration:  V ← V_π by sweeps of Σ p [r + γ V(s')], then π ← greedy in V, until π is stable
                                                                        (Howard 1960; Sutton & Barto 2018, section 4.3)

Details: V = 0 at first; a sweep goes over all states at once, from the values before it; actions tie whose values
differ by less than 1e-10 of the largest, and the lowest is taken; policy iteration begins with the lowest action
everywhere and changes it only for a better one, evaluating each policy from the values of the one before. With γ = 1
value iteration keeps the action by which a value last moved, unless another is better: among ties, of which some may
lead nowhere, that is one that led to the reward.
"""

from typing import NamedTuple

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.mdp import FiniteMDP

from .config import PolicyIterationConfig, ValueIterationConfig

_TIE = 1e-10


class Plan(NamedTuple):
    """What was planned."""

    value: Floats  # (S,)
    policy: Ints  # (S,)
    sweeps: int  # over all states


class Model(NamedTuple):
    """An MDP laid out for sweeps."""

    mdp: FiniteMDP
    reward: Floats  # (S, A), expected
    gamma: float


def model(mdp: FiniteMDP, gamma: float) -> Model:
    """The model of an MDP; terminal states pay nothing."""
    return Model(mdp, np.einsum("sak,sak->sa", mdp.probability, mdp.reward), gamma)


def lookahead(known: Model, value: Floats) -> Floats:
    """Σ p [r + γ V(s')] of every action, (S, A). Sutton & Barto 2018, eq. 4.10."""
    expected = np.einsum("sak,sak->sa", known.mdp.probability, value[known.mdp.next_state])
    q_SA: Floats = known.reward + known.gamma * expected
    q_SA[known.mdp.terminal] = 0.0
    return q_SA


def value_iteration(mdp: FiniteMDP, config: ValueIterationConfig) -> Plan:
    """Sweep until no value moves by more than the tolerance, or so many times."""
    known, value, policy = model(mdp, config.gamma), np.zeros(mdp.states), np.zeros(mdp.states, np.int64)
    sweeps = 0
    while sweeps < config.sweeps:
        q_SA = lookahead(known, value)
        before, value, sweeps = value, q_SA.max(axis=1), sweeps + 1
        if config.gamma == 1:
            policy = np.where(np.abs(value - before) > _slack(q_SA), greedy(q_SA), policy)
        if np.abs(value - before).max() <= config.tolerance:
            break
    q_SA = lookahead(known, value)
    return Plan(value, _improved(q_SA, policy) if config.gamma == 1 else greedy(q_SA), sweeps)


def policy_iteration(mdp: FiniteMDP, config: PolicyIterationConfig) -> Plan:
    """Evaluate and improve until nothing is better, or so many rounds."""
    known, value, policy = model(mdp, config.gamma), np.zeros(mdp.states), np.zeros(mdp.states, np.int64)
    states, sweeps = np.arange(mdp.states), 0
    for _ in range(config.rounds):
        for _ in range(config.sweeps):
            before, value, sweeps = value, lookahead(known, value)[states, policy], sweeps + 1
            if np.abs(value - before).max() <= config.tolerance:
                break
        before_S, policy = policy, _improved(lookahead(known, value), policy)
        if np.array_equal(policy, before_S):
            break
    return Plan(value, policy, sweeps)


def greedy(q_SA: Floats) -> Ints:
    """The best actions (S,), the lowest among ties."""
    return np.asarray((q_SA >= q_SA.max(axis=1, keepdims=True) - _slack(q_SA)).argmax(axis=1), np.int64)


def _improved(q_SA: Floats, policy: Ints) -> Ints:
    """The same policy but where another action is better."""
    better_S = q_SA.max(axis=1) > q_SA[np.arange(len(policy)), policy] + _slack(q_SA)
    return np.asarray(np.where(better_S, greedy(q_SA), policy), np.int64)


def _slack(q_SA: Floats) -> float:
    return _TIE * max(1.0, float(np.abs(q_SA).max()))
