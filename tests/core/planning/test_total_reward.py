"""γ = 1 without a time limit: every way in which a total can fail to exist, and the totals that do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daedalus.core.errors import UserError
from daedalus.core.planning import evaluate_policy, optimal_actions, policy_iteration, soften, solve, value_iteration

SOLVERS = pytest.mark.parametrize("solver", [policy_iteration, value_iteration])


@SOLVERS
def test_a_positive_cycle_has_no_bound(from_table, solver):
    mdp = from_table([[[(1.0, 1, 2.0)]], [[(1.0, 0, -1.0)]]])
    solution = solver(mdp)
    assert (solution.value == np.inf).all()
    assert not solution.bounded.any()


@SOLVERS
def test_a_cost_without_an_end_has_no_bound(from_table, solver):
    mdp = from_table([[[(1.0, 1, -1.0)]], [[(1.0, 0, -1.0)]]])
    assert (solver(mdp).value == -np.inf).all()


@SOLVERS
def test_a_cycle_that_only_swings_is_undefined(from_table, solver):
    mdp = from_table([[[(1.0, 1, 1.0)]], [[(1.0, 0, -1.0)]]])
    assert np.isnan(solver(mdp).value).all()


@SOLVERS
def test_a_cycle_that_only_swings_is_left_at_its_best(from_table, solver):
    # 0 and 1 swing with +1 and -1; from 1 one may also leave, for 0.5
    mdp = from_table([[[(1.0, 1, 1.0)]] * 2, [[(1.0, 0, -1.0)], [(1.0, 2, 0.5)]], [[(1.0, 2, 0.0)]] * 2], terminal=(2,))
    solution = solver(mdp)
    np.testing.assert_allclose(solution.value, [1.5, 0.5, 0.0], atol=1e-9)
    assert solution.policy[1] == 1


@SOLVERS
def test_waiting_for_nothing_is_better_than_a_costly_end(from_table, solver):
    # 0 → 1 costs 1; in 1 one may wait for nothing or end for -5
    mdp = from_table(
        [[[(1.0, 1, -1.0)]] * 2, [[(1.0, 2, -5.0)], [(1.0, 1, 0.0)]], [[(1.0, 2, 0.0)]] * 2], terminal=(2,)
    )
    solution = solver(mdp)
    np.testing.assert_allclose(solution.value, [-1, 0, 0], atol=1e-9)
    assert solution.policy[1] == 1


@SOLVERS
def test_waiting_for_nothing_does_not_beat_a_prize(from_table, solver):
    # 0 and 1 are a loop of reward 0 with an exit of +5 from 1: a value of 5 in both, and a policy that leaves
    mdp = from_table(
        [[[(1.0, 1, 0.0)], [(1.0, 0, 0.0)]], [[(1.0, 0, 0.0)], [(1.0, 2, 5.0)]], [[(1.0, 2, 0.0)]] * 2], terminal=(2,)
    )
    solution = solver(mdp)
    np.testing.assert_allclose(solution.value, [5, 5, 0], atol=1e-9)
    assert solution.policy[:2].tolist() == [0, 1]


@SOLVERS
def test_a_trap_is_avoided_and_those_inside_are_lost(from_table, solver):
    # 0: a short way that falls into the trap 2 half the time, or the long way by 1
    mdp = from_table(
        [
            [[(0.5, 3, 0.0), (0.5, 2, 0.0)], [(1.0, 1, -10.0)]],
            [[(1.0, 3, -10.0)]] * 2,
            [[(1.0, 2, -1.0)]] * 2,
            [[(1.0, 3, 0.0)]] * 2,
        ],
        terminal=(3,),
    )
    solution = solver(mdp)
    assert solution.value.tolist() == [-20, -10, -np.inf, 0]
    assert solution.policy[0] == 1
    assert solution.bounded.tolist() == [True, True, False, True]


@SOLVERS
def test_a_gamble_between_both_infinities_is_undefined(from_table, solver):
    mdp = from_table([[[(0.5, 1, 0.0), (0.5, 2, 0.0)]], [[(1.0, 1, 1.0)]], [[(1.0, 2, -1.0)]]])
    value = solver(mdp).value
    assert np.isnan(value[0])
    assert value[1:].tolist() == [np.inf, -np.inf]


def test_only_the_average_decides_in_a_component_of_mixed_rewards(from_table):
    def loop(prize):  # two ways round: one loses, one pays `prize` and costs 1; and an exit
        return from_table(
            [[[(1.0, 1, prize)], [(1.0, 2, 0.0)]], [[(1.0, 0, -1.0)], [(0.5, 0, -2.0), (0.5, 1, -2.0)]],
             [[(1.0, 2, 0.0)]] * 2],
            terminal=(2,),
        )  # fmt: skip

    assert solve(loop(0.9)).value[0] == 0
    assert solve(loop(1.0)).value[1] == -1
    assert solve(loop(1.1)).value[0] == np.inf


def test_a_given_policy_may_have_no_end(from_table):
    mdp = from_table([[[(1.0, 0, -1.0)], [(1.0, 1, -1.0)]], [[(1.0, 1, 0.0)]] * 2], terminal=(1,))
    assert evaluate_policy(mdp, np.array([0, 0]))[0] == -np.inf
    assert evaluate_policy(mdp, np.array([1, 0]))[0] == -1
    assert evaluate_policy(mdp, np.array([[0.75, 0.25], [1.0, 0.0]]))[0] == pytest.approx(-4)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), states=st.integers(2, 5), outcomes=st.integers(1, 2), ends=st.integers(0, 1))
def test_solvers_agree_with_trying_every_policy(garnet, best_total, seed, states, outcomes, ends):
    mdp = garnet(seed, states, 2, outcomes, ends)
    value, infinite = best_total(mdp)
    for solver in (policy_iteration, value_iteration):
        solution = solver(mdp)
        np.testing.assert_array_equal(solution.value == np.inf, infinite)
        np.testing.assert_array_equal(solution.bounded, ~np.isnan(value) & ~infinite)
        np.testing.assert_allclose(solution.value[solution.bounded], value[solution.bounded], atol=1e-7)
        kept = solution.bounded
        again = evaluate_policy(mdp, solution.policy)
        np.testing.assert_allclose(again[kept], solution.value[kept], atol=1e-7)


@pytest.mark.parametrize("gamma", [-0.1, 1.1, float("nan")])
def test_gamma_outside_its_range(from_table, gamma):
    with pytest.raises(UserError, match="gamma must lie in"):
        solve(from_table([[[(1.0, 0, 0.0)]]]), gamma)


@pytest.mark.parametrize("scale", [1e-13, 1.0, 1e13])
@pytest.mark.parametrize("solver", [policy_iteration, value_iteration])
def test_small_rewards_are_rewards(from_table, scale, solver):
    # going round costs 5 a time, the way out 1: no loop, however small both are
    mdp = from_table([[[(1.0, 0, -5 * scale)], [(1.0, 1, -scale)]], [[(1.0, 1, 0.0)]] * 2], terminal=(1,))
    solution = solver(mdp)
    assert solution.value[0] == pytest.approx(-scale, rel=1e-12)
    assert solution.policy[0] == 1
    assert optimal_actions(mdp, solution.value)[0].tolist() == [False, True]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), power=st.integers(-60, 60), gamma=st.sampled_from([1.0, 0.9]))
def test_the_unit_of_rewards_changes_nothing_else(garnet, seed, power, gamma):
    mdp = garnet(seed, 6, 3, 2, 1)
    scaled = replace(mdp, reward=mdp.reward * 2.0**power)
    for solver in (policy_iteration, value_iteration):
        plain, other = solver(mdp, gamma), solver(scaled, gamma)
        np.testing.assert_array_equal(other.value, plain.value * 2.0**power)
        np.testing.assert_array_equal(other.policy, plain.policy)


@pytest.mark.parametrize("leave", [1e-9, 1e-13, 1e-15])
def test_a_small_chance_to_leave_is_a_chance(from_table, leave):
    mdp = from_table([[[(1 - leave, 0, -1.0), (leave, 1, -1.0)]], [[(1.0, 1, 0.0)]]], terminal=(1,))
    for solver in (policy_iteration, value_iteration):
        assert solver(mdp).value[0] == pytest.approx(-1 / leave, rel=1e-9)


def test_softening_takes_policies_and_probabilities_only():
    with pytest.raises(UserError, match=r"epsilon must lie in \[0, 1\]"):
        soften(np.zeros(2, int), 1.5, 2)
    with pytest.raises(UserError, match=r"epsilon must lie in \[0, 1\]"):
        soften(np.zeros(2, int), float("nan"), 2)
    for wrong in (-1, 2):
        with pytest.raises(UserError, match="an action outside 0…1 in state 1"):
            soften(np.array([0, wrong]), 0.1, 2)
    with pytest.raises(UserError, match="do not sum to 1"):
        soften(np.array([[0.5, 0.6]]), 0.1, 2)
    with pytest.raises(UserError, match=r"shape \(states,\)"):
        soften(np.ones((2, 3)) / 3, 0.1, 2)
    assert soften(np.array([1]), 0.5, 2).tolist() == [[0.25, 0.75]]
