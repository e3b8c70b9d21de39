"""Values under a time limit, against plain recursion and matrix powers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daedalus.core.errors import UserError
from daedalus.core.planning import backward_induction, policy_value_within, policy_values_within, random_policy

SEEDS = st.integers(0, 2**32 - 1)
GAMMAS = st.sampled_from([1.0, 0.9, 0.0])


def best_return(mdp, state, steps, gamma):
    """The best return by trying every action at every step."""
    if steps == 0:
        return 0.0
    return max(
        sum(
            mdp.probability[state, a, k]
            * (mdp.reward[state, a, k] + gamma * best_return(mdp, mdp.next_state[state, a, k], steps - 1, gamma))
            for k in range(mdp.outcomes)
        )
        for a in range(mdp.actions)
    )


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, gamma=GAMMAS, horizon=st.integers(1, 4), states=st.integers(1, 5))
def test_backward_induction_equals_trying_everything(garnet, seed, gamma, horizon, states):
    mdp = garnet(seed, states, 2, 2, 1)
    exact = [best_return(mdp, s, horizon, gamma) for s in range(states)]
    np.testing.assert_allclose(backward_induction(mdp, horizon, gamma), exact, atol=1e-12)


def by_matrix_powers(mdp, chain, policy, horizon, gamma):
    matrix, reward = chain(mdp, policy)
    mass, total = mdp.start.copy(), 0.0
    for step in range(horizon):
        total += gamma**step * (mass @ reward)
        mass = mass @ matrix
    return total


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, gamma=GAMMAS, horizon=st.integers(1, 40), states=st.integers(1, 8), outcomes=st.integers(1, 3))
def test_policies_are_worth_what_matrix_powers_say(garnet, chain, seed, gamma, horizon, states, outcomes):
    mdp = garnet(seed, states, 3, outcomes, 1)
    policies = np.random.default_rng(seed).integers(3, size=(4, states))
    exact = [by_matrix_powers(mdp, chain, policy, horizon, gamma) for policy in policies]
    np.testing.assert_allclose(policy_values_within(mdp, policies, horizon, gamma), exact, atol=1e-10)
    even = random_policy(mdp)
    exact = by_matrix_powers(mdp, chain, even, horizon, gamma)
    assert policy_value_within(mdp, even, horizon, gamma) == pytest.approx(exact, abs=1e-10)


def single_start(garnet, seed, states, ends):
    from dataclasses import replace

    mdp = garnet(seed, states, 2, 1, ends)
    return replace(mdp, start=np.eye(states)[0])


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, gamma=GAMMAS, horizon=st.integers(1, 200), states=st.integers(1, 30), ends=st.integers(0, 1))
def test_a_followed_path_counts_its_loops(garnet, chain, seed, gamma, horizon, states, ends):
    mdp = single_start(garnet, seed, states, ends)
    assert mdp.deterministic
    policies = np.random.default_rng(seed).integers(2, size=(2, states))
    exact = [by_matrix_powers(mdp, chain, policy, horizon, gamma) for policy in policies]
    np.testing.assert_allclose(policy_values_within(mdp, policies, horizon, gamma), exact, atol=1e-10)


def test_a_loop_is_not_walked_for_ever(from_table):
    mdp = from_table([[[(1.0, 1, -1.0)]], [[(1.0, 2, 0.0)]], [[(1.0, 1, -2.0)]]])
    horizon = 10**15 + 1  # 0, then 1 and 2 in turn: one -1, then half of 10¹⁵ times -2
    assert policy_values_within(mdp, np.zeros((1, 3), dtype=int), horizon)[0] == -1 - 10**15


def test_rounds_that_cannot_matter_are_left_out(from_table):
    mdp = from_table([[[(0.5, 0, -1.0), (0.5, 1, -1.0)]], [[(1.0, 1, 0.0)]]], terminal=(1,))
    assert backward_induction(mdp, 10**12)[0] == pytest.approx(-2, abs=1e-12)
    assert policy_value_within(mdp, np.array([0, 0]), 10**12) == pytest.approx(-2, abs=1e-12)


@pytest.mark.parametrize("kind", ["path", "chain"])
def test_a_policy_without_an_action_is_refused(from_table, kind):
    moves = [(1.0, 1, 0.0)] if kind == "path" else [(0.5, 1, 0.0), (0.5, 0, 0.0)]
    mdp = from_table([[moves], [[(1.0, 1, 0.0)]]], terminal=(1,))
    with pytest.raises(UserError, match="policy 1 has no action for state 0: -1"):
        policy_values_within(mdp, np.array([[0, 0], [-1, 0]]), 5)


def test_wrong_shapes_and_limits(from_table):
    mdp = from_table([[[(1.0, 0, 0.0)]]])
    with pytest.raises(UserError, match=r"shape \(N, 1\)"):
        policy_values_within(mdp, np.zeros((2, 3), dtype=int), 5)
    for limited in (lambda: backward_induction(mdp, 0), lambda: policy_value_within(mdp, np.array([0]), -1)):
        with pytest.raises(UserError, match="at least 1 step"):
            limited()
