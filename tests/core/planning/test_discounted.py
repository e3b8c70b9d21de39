"""Discounted solutions, of both solvers, against the linear program and dense linear algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from daedalus.core.errors import UserError
from daedalus.core.planning import (
    best_soft_policy,
    evaluate_policy,
    induced,
    optimal_actions,
    policy_iteration,
    random_policy,
    soften,
    solve,
    start_value,
    value_iteration,
)
from daedalus.core.planning.frame import frame

SEEDS = st.integers(0, 2**32 - 1)
GAMMAS = st.sampled_from([0.0, 0.3, 0.9, 0.99])


def by_linear_program(mdp, gamma):
    """The smallest v with v(s) ≥ r(s, a) + γ Σ p v for every pair (Puterman 1994, section 6.9)."""
    rows, rewards = [], []
    for s, a in np.ndindex(mdp.states, mdp.actions):
        row = -np.eye(mdp.states)[s]
        for k in range(mdp.outcomes):
            row[mdp.next_state[s, a, k]] += gamma * mdp.probability[s, a, k]
        rows.append(row)
        rewards.append(-(mdp.probability[s, a] @ mdp.reward[s, a]))
    return linprog(np.ones(mdp.states), A_ub=np.array(rows), b_ub=rewards, bounds=(None, None)).x


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, gamma=GAMMAS, states=st.integers(1, 12), outcomes=st.integers(1, 3), ends=st.integers(0, 1))
def test_both_solvers_equal_the_linear_program(garnet, seed, gamma, states, outcomes, ends):
    mdp = garnet(seed, states, 3, outcomes, ends)
    exact = by_linear_program(mdp, gamma)
    for solver in (policy_iteration, value_iteration):
        solution = solver(mdp, gamma)
        np.testing.assert_allclose(solution.value, exact, atol=1e-6)
        np.testing.assert_allclose(evaluate_policy(mdp, solution.policy, gamma), exact, atol=1e-6)
        assert solution.bounded.all()


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, gamma=GAMMAS, states=st.integers(1, 12))
def test_a_policy_is_worth_what_linear_algebra_says(garnet, chain, seed, gamma, states):
    mdp = garnet(seed, states, 3, 2, 1)
    rng = np.random.default_rng(seed)
    for policy in (rng.integers(3, size=states), rng.dirichlet(np.ones(3), size=states)):
        matrix, reward = chain(mdp, policy)
        exact = np.linalg.solve(np.eye(states) - gamma * matrix, reward)
        np.testing.assert_allclose(evaluate_policy(mdp, policy, gamma), exact, atol=1e-9)


@pytest.mark.parametrize(("states", "gamma"), [(1200, 0.95), (1200, 1.0)])
def test_both_solvers_agree_on_a_large_world(garnet, states, gamma):
    mdp = garnet(5, states, 4, 5, ends=50, rewards=(-1.0, -0.5, -2.0))
    swept, iterated = value_iteration(mdp, gamma), policy_iteration(mdp, gamma)
    np.testing.assert_allclose(swept.value, iterated.value, atol=1e-8)
    np.testing.assert_array_equal(swept.policy, iterated.policy)
    best = solve(mdp, gamma)
    np.testing.assert_array_equal(best.value, swept.value)


def test_linear_algebra_finishes_what_sweeps_find_slow(garnet, monkeypatch):
    from daedalus.core.planning import sweeps

    mdp = garnet(7, 60, 2, 3, ends=0, rewards=(-1.0, 1.0))
    exact = policy_iteration(mdp, 0.9999999).value
    monkeypatch.setattr(sweeps, "_WORK", 1)
    ready = frame(mdp, 0.9999999)
    assert not sweeps.sweep_optimal(ready, ready.policy.copy(), np.zeros(60))
    np.testing.assert_allclose(value_iteration(mdp, 0.9999999).value, exact, rtol=1e-9)


def test_the_lowest_of_equal_actions_is_chosen(from_table):
    mdp = from_table([[[(1.0, 1, 0.0)], [(1.0, 1, 1.0)], [(1.0, 1, 1.0)]], [[(1.0, 1, 0.0)]] * 3], terminal=(1,))
    for gamma in (0.9, 1.0):
        solution = solve(mdp, gamma)
        assert solution.policy.tolist() == [1, 0]
        assert optimal_actions(mdp, solution.value, gamma)[0].tolist() == [False, True, True]


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, epsilon=st.sampled_from([0.0, 0.2, 1.0]))
def test_no_soft_policy_is_better_than_the_best(garnet, seed, epsilon):
    mdp, gamma = garnet(seed, 4, 2, 2, 1), 0.9
    best = best_soft_policy(mdp, epsilon, gamma)
    worth = [
        evaluate_policy(mdp, soften(np.array(actions), epsilon, 2), gamma) for actions in np.ndindex(*(2,) * mdp.states)
    ]
    np.testing.assert_allclose(best.value, np.max(worth, axis=0), atol=1e-9)


def test_a_mixture_puts_equal_successors_together(garnet, chain):
    mdp = garnet(3, 4, 6, 3, 1)
    mixed = induced(mdp, random_policy(mdp))
    assert mixed.outcomes <= 4
    for got, exact in zip(chain(mixed, np.zeros(4, dtype=int)), chain(mdp, random_policy(mdp)), strict=True):
        np.testing.assert_allclose(got, exact, atol=1e-12)


def test_the_start_value_leaves_out_states_where_nothing_starts(from_table):
    mdp = from_table([[[(1.0, 0, 0.0)]], [[(1.0, 1, -1.0)]]])
    assert start_value(mdp, solve(mdp).value) == 0


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (np.array([0, 3]), "outside 0…1 in state 1"),
        (np.array([-1, 0]), "outside 0…1 in state 0"),
        (np.array([0.0, 1.0]), "integer actions"),
        (np.array([[0.5, 0.5], [0.5, 0.6]]), "in state 1"),
        (np.array([[0.5, 0.5], [np.nan, 0.5]]), "in state 1"),
        (np.zeros(3, dtype=int), r"shape \(2,\) or \(2, 2\)"),
    ],
)
def test_policies_that_are_none(from_table, policy, message):
    mdp = from_table([[[(1.0, 1, 0.0)]] * 2, [[(1.0, 1, 0.0)]] * 2])
    with pytest.raises(UserError, match=message):
        evaluate_policy(mdp, policy, 0.9)


def test_epsilon_outside_its_range(from_table):
    with pytest.raises(UserError, match="epsilon must lie in"):
        best_soft_policy(from_table([[[(1.0, 0, 0.0)]]]), 1.5)
