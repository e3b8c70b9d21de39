"""What `daedalus solve` prints and comparisons are judged by."""

import json

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import evaluation_horizon, facts, optimum_within, summary, truth
from daedalus.core.world import World


def corridor(length: int, horizon: int | None, last: float = 0.0) -> World:
    """`length` steps of -1 to the goal, the last one `last`; action 0 stays, 1 goes on."""
    states = length + 1
    next_state = np.stack([np.arange(states), np.minimum(np.arange(states) + 1, length)], axis=1)[:, :, None]
    reward = np.where((next_state == length) & (np.arange(states) != length)[:, None, None], last, -1.0)
    reward[length] = 0
    ends = np.arange(states) == length
    mdp = FiniteMDP(next_state, np.ones((states, 2, 1)), reward, np.eye(states)[0], ends)
    return World("corridor", mdp, horizon, ("stay", "go"))


def test_summary_has_the_promised_keys_as_plain_numbers():
    facts_of = summary(corridor(3, 2))
    assert json.loads(json.dumps(facts_of)) == {
        "world": "corridor", "states": 4, "actions": 2, "gamma": 1.0, "horizon": 2,
        "optimal_value": -2.0, "optimal_value_within_horizon": -2.0, "random_value": -2.0,
    }  # fmt: skip
    assert all(value is None or type(value) in (str, int, float) for value in facts_of.values())


def test_the_time_limit_is_undiscounted_unless_gamma_is_given():
    plain, discounted = summary(corridor(3, 5)), summary(corridor(3, 5), gamma=0.5)
    assert plain["optimal_value_within_horizon"] == -2.0
    assert discounted["optimal_value_within_horizon"] == discounted["optimal_value"] == -1.5
    assert summary(corridor(3, 5), horizon=1)["optimal_value_within_horizon"] == -1.0


def test_without_a_limit_random_actions_are_taken_to_the_end():
    # each tile takes two tries on average, the last one paying -1 only for the failed try: 2 + 2 + 1
    facts_of = summary(corridor(3, None))
    assert facts_of["random_value"] == pytest.approx(-5)
    assert facts_of["horizon"] is None
    assert facts_of["optimal_value_within_horizon"] is None
    assert summary(corridor(3, None), gamma=0.0)["random_value"] == -1


def test_what_has_no_bound_is_none():
    mdp = FiniteMDP(np.zeros((1, 1, 1), int), np.ones((1, 1, 1)), np.ones((1, 1, 1)), np.ones(1), np.zeros(1, bool))
    for horizon in (None, 10):
        facts_of = summary(World("money", mdp, horizon, ("take",)))
        assert facts_of["optimal_value"] is None
        assert facts_of["optimal_value_within_horizon"] == horizon
        assert facts_of["random_value"] == horizon
    assert summary(World("money", mdp, None, ("take",)), gamma=0.5)["optimal_value"] == pytest.approx(2)


def test_the_evaluation_horizon_is_the_worlds_own_first():
    assert evaluation_horizon(corridor(3, 7), 5) == 7
    assert evaluation_horizon(corridor(3, None), 5) == 5
    assert evaluation_horizon(corridor(3, None)) == 40


def test_what_would_cost_minutes_is_none_unless_asked_for(monkeypatch):
    monkeypatch.setattr(facts, "CHEAP", 0)
    hidden, shown = summary(corridor(3, 9)), summary(corridor(3, 9), full=True)
    assert hidden["random_value"] is None
    assert shown["random_value"] < -2
    assert summary(corridor(3, None))["random_value"] is None
    assert summary(corridor(3, None), full=True)["random_value"] == pytest.approx(-5)


@pytest.mark.parametrize(
    ("horizon", "last", "certified"),
    [
        (9, 0.0, -8.0),  # the goal is in reach
        (8, 0.0, -8.0),  # one step too far, but waiting costs as much
        (7, 0.0, None),  # out of reach
        (7, 5.0, None),  # out of reach, though the goal would be worth it
        (9, -20.0, None),  # in reach, but not worth reaching in time: waiting is better
    ],
)
def test_an_expensive_optimum_is_certified_where_the_goal_is_in_reach(monkeypatch, horizon, last, certified):
    mdp = corridor(9, horizon, last).mdp
    exact = optimum_within(mdp, horizon)
    monkeypatch.setattr(facts, "CHEAP", 0)
    assert optimum_within(mdp, horizon) == certified
    assert certified is None or exact == certified
    assert optimum_within(mdp, horizon, full=True) == exact


def test_a_prize_on_the_way_is_never_certified(monkeypatch):
    monkeypatch.setattr(facts, "CHEAP", 0)
    mdp = corridor(3, None).mdp
    reward = mdp.reward.copy()
    reward[0, 1] = 2.0
    assert optimum_within(FiniteMDP(mdp.next_state, mdp.probability, reward, mdp.start, mdp.terminal), 3) is None


def test_truth_is_remembered_by_content(monkeypatch):
    first = truth(corridor(4, 6))
    monkeypatch.setattr(facts, "optimum_within", None)  # would fail if it were called again
    assert truth(corridor(4, 6)) == first
    assert (first.optimum, first.horizon) == (-3.0, 6)


def slippery(states: int = 20) -> World:
    """A corridor where each step on fails with probability ½: solved long before any long limit."""
    mdp = corridor(states - 1, None).mdp
    next_state = np.concatenate([mdp.next_state, mdp.next_state[:, :1].repeat(2, axis=1)], axis=2)
    reward = np.where((next_state == states - 1) | mdp.terminal[:, None, None], 0.0, -1.0)
    halves = np.full(next_state.shape, 0.5)
    return World("slippery", FiniteMDP(next_state, halves, reward, mdp.start, mdp.terminal), None, ("stay", "go"))


def test_what_is_settled_early_is_told_however_long_the_limit():
    # 19 steps, each taking two tries: 38 tries of -1, but for the one that enters the goal
    facts_of = summary(slippery(), horizon=10**12)
    assert facts_of["optimal_value_within_horizon"] == pytest.approx(-37, rel=1e-12)
    assert facts_of["random_value"] == pytest.approx(-75, rel=1e-11)
    known = truth(slippery(), 10**12)
    assert (known.optimum, known.random_value) == pytest.approx((-37, -75), rel=1e-11)


def test_the_budget_is_spent_on_the_work_done_not_on_the_work_that_might_be(monkeypatch):
    world, horizon = slippery(), 10**6
    work = world.mdp.next_state.size * horizon
    monkeypatch.setattr(facts, "CHEAP", work // 100)
    assert optimum_within(world.mdp, horizon) == pytest.approx(-37, rel=1e-12)
    monkeypatch.setattr(facts, "CHEAP", world.mdp.next_state.size * 50)
    assert optimum_within(world.mdp, horizon) is None
    assert summary(world, horizon=horizon)["random_value"] is None
    assert optimum_within(world.mdp, horizon, full=True) == pytest.approx(-37, rel=1e-12)


@pytest.mark.parametrize("horizon", [0, -3])
def test_a_limit_below_one_step_is_refused(horizon):
    for compute in (summary, truth, evaluation_horizon):
        with pytest.raises(UserError, match="at least 1 step"):
            compute(corridor(3, 7), horizon=horizon)
    with pytest.raises(UserError, match="at least 1 step"):
        optimum_within(corridor(3, 7).mdp, horizon)


@pytest.mark.parametrize("gamma", [float("nan"), 2.0, -1.0])
def test_a_gamma_outside_its_range_is_refused(gamma):
    for horizon in (None, 5):
        with pytest.raises(UserError, match="gamma must lie"):
            summary(corridor(3, None), gamma, horizon)
