"""Known values of known worlds, to 1e-6 unless fewer digits are known."""

import numpy as np
import pytest

from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import (
    best_soft_policy,
    evaluate_policy,
    optimal_actions,
    policy_value_within,
    random_policy,
    soften,
    solve,
    start_value,
    summary,
    truth,
)
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs.loading import load_problem


def load(text: str) -> World:
    world = load_problem(parse_spec(text))
    assert isinstance(world, World)
    return world


@pytest.mark.parametrize(("gamma", "value"), [(1.0, 14 / 17), (0.99, 0.542026), (0.95, 0.180472), (0.9, 0.068891)])
def test_frozen_lake(gamma, value):
    world = load("FrozenLake-v1")
    assert start_value(world.mdp, solve(world.mdp, gamma).value) == pytest.approx(value, abs=1e-6)


def test_frozen_lake_within_its_limit():
    world = load("FrozenLake-v1")
    known = truth(world)
    assert known.horizon == 100
    assert known.optimum == pytest.approx(0.744190, abs=1e-6)
    assert known.random_value == pytest.approx(0.013940, abs=1e-6)
    greedy = solve(world.mdp, 0.99).policy
    assert policy_value_within(world.mdp, greedy, 100) == pytest.approx(0.740165, abs=1e-6)


@pytest.mark.parametrize(("size", "value"), [("4x4", 0.950990), ("8x8", 0.877521)])
def test_frozen_lake_that_is_not_slippery(size, value):
    world = load(f"FrozenLake-v1:is_slippery=false,map_name={size}")
    assert start_value(world.mdp, solve(world.mdp, 0.99).value) == pytest.approx(value, abs=1e-6)


def test_cliff_walking():
    mdp = load("CliffWalking-v1").mdp
    best = solve(mdp)
    assert start_value(mdp, best.value) == pytest.approx(-13, abs=1e-6)
    assert start_value(mdp, solve(mdp, 0.99).value) == pytest.approx(-12.247898, abs=1e-6)
    ties = optimal_actions(mdp, best.value).astype(float)
    softened = soften(ties / ties.sum(axis=1, keepdims=True), 0.1, mdp.actions)
    assert start_value(mdp, evaluate_policy(mdp, softened)) == pytest.approx(-50.8000, abs=1e-4)


def test_best_soft_policy_on_the_cliff():
    mdp = load("CliffWalking-v1").mdp
    soft = best_soft_policy(mdp, 0.1)
    assert start_value(mdp, soft.value) == pytest.approx(-20.7077, abs=1e-4)
    assert policy_value_within(mdp, soft.policy, 100) == -15
    again = evaluate_policy(mdp, soften(soft.policy, 0.1, mdp.actions))
    np.testing.assert_allclose(again, soft.value, atol=1e-9)


def test_no_policy_reaches_the_threshold_registered_for_taxi():
    assert summary(load("Taxi-v4"))["optimal_value"] == pytest.approx(7.93, abs=1e-6)


def grid(rows: int, columns: int, walls: tuple[tuple[int, int], ...] = ()) -> np.ndarray:
    """The next states (S, 4, 1) on a grid, up, right, down, left; one stays where it would leave or hit a wall."""
    table = np.empty((rows * columns, 4, 1), dtype=np.int32)
    for row, column in np.ndindex(rows, columns):
        for a, (down, right) in enumerate([(-1, 0), (0, 1), (1, 0), (0, -1)]):
            r, c = row + down, column + right
            blocked = not (0 <= r < rows and 0 <= c < columns) or (r, c) in walls
            table[row * columns + column, a] = row * columns + column if blocked else r * columns + c
    return table


def test_gridworld_of_sutton_and_barto_example_3_5():
    next_state = grid(5, 5)
    reward = np.where(next_state == np.arange(25)[:, None, None], -1.0, 0.0)
    for jump, (landing, prize) in {1: (21, 10.0), 3: (13, 5.0)}.items():
        next_state[jump], reward[jump] = landing, prize
    mdp = FiniteMDP(next_state, np.ones((25, 4, 1)), reward, np.full(25, 1 / 25), np.zeros(25, bool))
    at_random = evaluate_policy(mdp, random_policy(mdp), 0.9)
    np.testing.assert_allclose(at_random[:5], [3.3, 8.8, 4.4, 5.3, 1.5], atol=0.05)
    np.testing.assert_allclose(solve(mdp, 0.9).value[:5], [22.0, 24.4, 22.0, 19.4, 17.5], atol=0.05)


def test_dyna_maze_of_sutton_and_barto_figure_8_2():
    next_state = grid(6, 9, ((1, 2), (2, 2), (3, 2), (4, 5), (0, 7), (1, 7), (2, 7)))
    next_state[8] = 8
    reward = np.where(np.arange(54)[:, None, None] == 8, 0.0, -np.ones((54, 4, 1)))
    mdp = FiniteMDP(next_state, np.ones((54, 4, 1)), reward, np.eye(54)[18], np.arange(54) == 8)
    solution = solve(mdp)
    assert start_value(mdp, solution.value) == -14
    assert policy_value_within(mdp, solution.policy, 14) == -14
    assert solution.bounded.all()
