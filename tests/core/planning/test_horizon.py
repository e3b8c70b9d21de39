"""Values under a time limit, against plain recursion and matrix powers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daedalus.core.errors import UserError
from daedalus.core.planning import (
    backward_induction,
    chains,
    first_actions,
    optimal_actions,
    policy_value_within,
    policy_values_within,
    random_policy,
)
from daedalus.core.planning import horizon as horizon_module

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


@pytest.mark.parametrize("gamma", [float("nan"), -1.0, 2.0])
def test_gamma_is_checked_under_a_time_limit_too(from_table, gamma):
    mdp, policy = from_table([[[(0.5, 0, -1.0), (0.5, 1, -1.0)]], [[(1.0, 1, 0.0)]]], terminal=(1,)), np.zeros(2, int)
    for compute in (backward_induction, first_actions):
        with pytest.raises(UserError, match=r"gamma must lie in \[0, 1\]"):
            compute(mdp, 5, gamma)
    with pytest.raises(UserError, match=r"gamma must lie in \[0, 1\]"):
        policy_values_within(mdp, policy[None], 5, gamma)
    with pytest.raises(UserError, match=r"gamma must lie in \[0, 1\]"):
        optimal_actions(mdp, np.zeros(2), gamma)


def test_probabilities_and_fractions_are_no_actions(from_table):
    mdp = from_table([[[(1.0, 0, 0.0)]]])
    with pytest.raises(UserError, match="integer actions"):
        policy_values_within(mdp, np.zeros((1, 1)), 5)
    with pytest.raises(UserError, match="integer actions"):
        policy_value_within(mdp, np.zeros(1), 5)


@settings(max_examples=60, deadline=None)
@given(
    seed=SEEDS, gamma=st.sampled_from([1.0, 0.999]), states=st.integers(2, 8), ends=st.integers(0, 1),
    horizon=st.integers(300, 40_000),
)  # fmt: skip
def test_laps_that_repeat_are_counted_not_walked(garnet, chain, seed, gamma, states, ends, horizon):
    """Any sparse world, one that cycles, leaks or settles, against the power of its extended matrix."""
    mdp = garnet(seed, states, 2, 2, ends)
    policy = np.random.default_rng(seed).integers(2, size=states)
    matrix, reward = chain(mdp, policy)
    extended = np.zeros((states + 1, states + 1))  # the last column sums what was earned
    extended[:states, :states], extended[:states, -1], extended[-1, -1] = gamma * matrix, reward, 1.0
    power = np.linalg.matrix_power(extended, horizon)
    exact = mdp.start @ power[:states, -1]
    gross = mdp.start @ (np.linalg.matrix_power(np.abs(extended), horizon)[:states, -1])
    assert policy_value_within(mdp, policy, horizon, gamma) == pytest.approx(exact, abs=1e-9 * gross + 1e-300)


def work_of(monkeypatch, name, module):
    steps, kernel = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *a: steps.append(kernel(*a)) or steps[-1])
    return steps


@pytest.mark.parametrize(
    ("leak", "worth"),
    [
        (0.0, -0.5 * 10**12),  # half of its time in the state that costs 1
        (1e-5, -49999.5),  # Σ 0.5·(1 - 1e-5)ᵗ, but for the first step, which is free
    ],
)
def test_a_chain_that_settles_is_pushed_a_few_laps_only(from_table, monkeypatch, leak, worth):
    stay, end = (1 - leak) / 2, [(leak, 2, 0.0)] if leak else []
    moves = [[(stay, 0, r), (stay, 1, r), *[(p, n, r) for p, n, _ in end]] for r in (0.0, -1.0)]
    mdp = from_table([[moves[0]], [moves[1]], [[(1.0, 2, 0.0)]]], terminal=(2,))
    calls = work_of(monkeypatch, "_push", chains)
    assert policy_value_within(mdp, np.zeros(3, int), 10**12) == pytest.approx(worth, rel=1e-9)
    assert sum(done for done, _, _ in calls) < (1000 if leak == 0.0 else 4_000_000)


def test_cycles_settle_too(from_table, monkeypatch):
    # two starts, three states in turn: the distribution moves for ever, but each round of 3 is like the last
    mdp = replace(
        from_table([[[(1.0, 1, 1.0)]], [[(1.0, 2, 0.0)]], [[(1.0, 0, 0.0)]]]), start=np.array([0.75, 0.25, 0])
    )
    calls = work_of(monkeypatch, "_push", chains)
    assert policy_value_within(mdp, np.zeros(3, int), 3 * 10**11 + 1) == pytest.approx(10**11 + 0.75, rel=1e-12)
    assert sum(done for done, _, _ in calls) < 200


def test_a_small_chance_is_worth_its_nine_digits(from_table):
    # 1e-8 a step of a prize of 1, within 1000 steps, and an end at 1e-3 a step
    mdp = from_table([[[(1e-8, 1, 1.0), (1e-3, 1, 0.0), (1 - 1e-3 - 1e-8, 0, 0.0)]], [[(1.0, 1, 0.0)]]], terminal=(1,))
    exact = 1e-8 / (1e-3 + 1e-8)
    assert policy_value_within(mdp, np.zeros(2, int), 10**9) == pytest.approx(exact, rel=1e-9)


def test_what_is_too_dear_is_given_up(garnet):
    mdp, policies = garnet(3, 30, 2, 3, 0), np.zeros((2, 30), int)
    assert np.isnan(policy_values_within(mdp, policies, 10**6, budget=50)).all()
    whole = policy_values_within(mdp, policies, 10**6)
    np.testing.assert_array_equal(policy_values_within(mdp, policies, 10**6, budget=10**9), whole)
    assert horizon_module.backward_within(mdp, 10**6, 1.0, 500) is None
    again = horizon_module.backward_within(mdp, 10**6, 1.0, 10**9)
    np.testing.assert_array_equal(again, backward_induction(mdp, 10**6))


def test_long_runs_come_up_for_air(garnet, monkeypatch):
    """Ctrl-C is answered between calls of compiled code, so a call must be short and change nothing."""
    mdp, policy = garnet(3, 30, 2, 3, 1), np.zeros(30, int)
    whole = backward_induction(mdp, 301), policy_value_within(mdp, policy, 301)
    monkeypatch.setattr(horizon_module, "CHUNK", 1)
    monkeypatch.setattr(chains, "CHUNK", 1)
    rounds, pushes = work_of(monkeypatch, "_rounds", horizon_module), work_of(monkeypatch, "_push", chains)
    np.testing.assert_array_equal(backward_induction(mdp, 301), whole[0])
    assert policy_value_within(mdp, policy, 301) == whole[1]
    assert {done for done, *_ in rounds} == {done for done, *_ in pushes} == {1}


@pytest.mark.parametrize("gamma", [1.0, 0.9999])
def test_values_that_change_alike_are_not_swept_for_ever(from_table, monkeypatch, gamma):
    # without an end: 1 a step in either state after the first choice, and the first one differs
    mdp = from_table([[[(0.5, 0, 1.0), (0.5, 1, 1.0)]], [[(0.5, 0, 3.0), (0.5, 1, 3.0)]]])
    rounds = work_of(monkeypatch, "_rounds", horizon_module)
    horizon = 10**7 if gamma == 1.0 else 10**12
    total = 2.0 * horizon if gamma == 1.0 else 2.0 / (1 - gamma)
    np.testing.assert_allclose(backward_induction(mdp, horizon, gamma), [total - 1, total + 1], rtol=1e-12)
    assert sum(done for done, *_ in rounds) < 10


@pytest.mark.parametrize("scale", [1e-13, 1.0, 1e13])
def test_small_rewards_count_under_a_time_limit(from_table, scale):
    mdp = from_table([[[(0.9, 0, -scale), (0.1, 1, -scale)]], [[(1.0, 1, 0.0)]]], terminal=(1,))
    assert backward_induction(mdp, 10**6)[0] == pytest.approx(-10 * scale, rel=1e-11)
    assert policy_value_within(mdp, np.zeros(2, int), 10**6) == pytest.approx(-10 * scale, rel=1e-11)


def test_the_first_action_depends_on_the_steps_to_go(from_table):
    # action 0 pays 1 a step; action 1 pays nothing, leads through a free step, and to 10
    mdp = from_table([
        [[(1.0, 0, 1.0)], [(1.0, 1, 0.0)]],
        [[(1.0, 2, 10.0)], [(1.0, 2, 10.0)]],
        [[(1.0, 2, 0.0)], [(1.0, 2, 0.0)]],
    ], terminal=(2,))  # fmt: skip
    chosen = [int(first_actions(mdp, horizon)[0]) for horizon in (1, 2, 9, 11, 12)]
    assert chosen == [0, 1, 0, 0, 0]  # 1 > 0; 10 > 2, but with 3 steps to go 1 + 10 > 10
    assert first_actions(mdp, 5, 0.5)[0] == 1  # 0.5·10 > 1 + 0.5·(0.5·10)
    assert first_actions(mdp, 5)[2] == 0  # the lowest at ties
