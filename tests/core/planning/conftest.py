"""Worlds for the planner's tests, made by hand or at random, and slow oracles that share no code with it."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from daedalus.core.mdp import FiniteMDP

Move = tuple[float, int, float]  # probability, next state, reward


def from_table(table: list[list[list[Move]]], terminal: tuple[int, ...] = (), start: int = 0) -> FiniteMDP:
    """An MDP from `table[state][action] = [(probability, next state, reward), …]`."""
    width = max(len(moves) for row in table for moves in row)
    shape = (len(table), len(table[0]), width)
    next_state, probability, reward = np.zeros(shape, dtype=np.int32), np.zeros(shape), np.zeros(shape)
    for s, row in enumerate(table):
        for a, moves in enumerate(row):
            for k, (p, n, r) in enumerate(moves):
                next_state[s, a, k], probability[s, a, k], reward[s, a, k] = n, p, r
    ends = np.isin(np.arange(len(table)), terminal)
    return FiniteMDP(next_state, probability, reward, np.eye(len(table))[start], ends)


def garnet(
    seed: int, states: int, actions: int, outcomes: int, ends: int = 1, rewards: tuple[float, ...] = (-1.0, 0.0, 1.0)
) -> FiniteMDP:
    """A random MDP (Archibald, McKinnon & Thomas 1995) whose last `ends` states are terminal."""
    rng = np.random.default_rng(seed)
    next_state = rng.integers(states, size=(states, actions, outcomes)).astype(np.int32)
    probability = rng.dirichlet(np.ones(outcomes), size=(states, actions))
    probability[rng.random((states, actions)) < 0.3] = np.eye(outcomes)[0]
    reward = rng.choice(rewards, size=(states, actions, 1)).repeat(outcomes, axis=2)
    for s in range(states - ends, states):
        next_state[s], reward[s] = s, 0.0
    terminal = np.arange(states) >= states - ends
    return FiniteMDP(next_state, probability, reward, rng.dirichlet(np.ones(states)), terminal)


def chain(mdp: FiniteMDP, policy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The dense transition matrix (S, S) and expected rewards (S,) under a policy, (S,) or (S, A)."""
    probabilities = np.eye(mdp.actions)[policy] if policy.ndim == 1 else policy
    matrix, reward = np.zeros((mdp.states, mdp.states)), np.zeros(mdp.states)
    for s, a, k in np.ndindex(*mdp.next_state.shape):
        p = probabilities[s, a] * mdp.probability[s, a, k]
        matrix[s, mdp.next_state[s, a, k]] += p
        reward[s] += p * mdp.reward[s, a, k]
    return matrix, reward


def total_of_policy(mdp: FiniteMDP, policy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A policy's undiscounted total (S,), NaN where it does not exist, and whether it is +inf there (S,)."""
    matrix, reward = chain(mdp, policy)
    reach = np.linalg.matrix_power(np.eye(mdp.states) + matrix, mdp.states) > 0
    recurrent = np.array([all(reach[t, s] for t in np.flatnonzero(reach[s])) for s in range(mdp.states)])
    idle, gainful = np.zeros(mdp.states, bool), np.zeros(mdp.states, bool)
    for s in np.flatnonzero(recurrent):
        members = np.flatnonzero(reach[s])
        inner = matrix[np.ix_(members, members)]
        system = np.vstack([inner.T - np.eye(members.size), np.ones(members.size)])
        stationary = np.linalg.lstsq(system, np.eye(members.size + 1)[-1], rcond=None)[0]
        idle[s] = not reward[members].any()
        gainful[s] = stationary @ reward[members] > 1e-9
    value, infinite = np.full(mdp.states, np.nan), np.zeros(mdp.states, bool)
    for s in range(mdp.states):
        ends = np.flatnonzero(reach[s] & recurrent)
        if idle[ends].all():
            passing = np.flatnonzero(reach[s] & ~recurrent)
            inner = np.eye(passing.size) - matrix[np.ix_(passing, passing)]
            solved = np.linalg.solve(inner, reward[passing])
            value[s] = 0.0 if recurrent[s] else solved[np.flatnonzero(passing == s)[0]]
        infinite[s] = (idle | gainful)[ends].all() and gainful[ends].any()
    return value, infinite


def best_total(mdp: FiniteMDP) -> tuple[np.ndarray, np.ndarray]:
    """The best total over all deterministic policies, by trying each; NaN where none has one; where it is +inf."""
    value, infinite = np.full(mdp.states, np.nan), np.zeros(mdp.states, bool)
    for actions in itertools.product(range(mdp.actions), repeat=mdp.states):
        one, unbounded = total_of_policy(mdp, np.array(actions))
        value, infinite = np.fmax(value, one), infinite | unbounded
    return value, infinite


@pytest.fixture(scope="session", name="from_table")
def _from_table() -> Callable[..., FiniteMDP]:
    return from_table


@pytest.fixture(scope="session", name="garnet")
def _garnet() -> Callable[..., FiniteMDP]:
    return garnet


@pytest.fixture(scope="session", name="chain")
def _chain() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    return chain


@pytest.fixture(scope="session", name="best_total")
def _best_total() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    return best_total
