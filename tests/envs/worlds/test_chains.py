"""Random walk, short corridor, river swim and deep sea against closed forms and second implementations."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import (
    evaluate_policy,
    policy_value_within,
    policy_values_within,
    random_policy,
    solve,
    start_value,
    truth,
)
from daedalus.core.world import Tile
from daedalus.envs import deep_sea, random_walk, river_swim, short_corridor


@pytest.mark.parametrize(
    ("states", "values"), [(5, np.arange(1, 6) / 6), (19, np.linspace(-0.9, 0.9, 19)), (1, np.array([0.5]))]
)
def test_random_walk_of_the_book(states, values):
    world = random_walk(states=states)
    np.testing.assert_allclose(evaluate_policy(world.mdp, random_policy(world.mdp))[1:-1], values, atol=1e-12)
    assert np.flatnonzero(world.mdp.start).tolist() == [(states + 1) // 2]
    assert np.flatnonzero(world.mdp.terminal).tolist() == [0, states + 1]
    assert truth(world).optimum == 1.0


def test_left_reward_of_a_random_walk():
    world = random_walk(states=3, left_reward=-2.0)
    np.testing.assert_allclose(
        evaluate_policy(world.mdp, random_policy(world.mdp)), [0, -1.25, -0.5, 0.25, 0], atol=1e-12
    )
    assert random_walk(states=19).mdp.reward[1, 0, 0] == -1.0
    assert random_walk().mdp.reward[1, 0, 0] == 0.0


def test_the_short_corridor_switches_in_its_second_place():
    world = short_corridor()
    assert world.mdp.next_state[:, :, 0].tolist() == [[0, 1], [2, 0], [1, 3], [3, 3]]
    assert world.mdp.reward[:, :, 0].tolist() == [[-1, -1], [-1, -1], [-1, -1], [0, 0]]
    assert world.shows.tolist() == [0, 0, 0, 1]
    assert not world.tabular


@pytest.mark.parametrize("right", [0.05, 0.5, 2 - 2**0.5, 0.95])
def test_what_chance_earns_in_the_short_corridor(right):
    """Solved by hand: going right with probability p returns -2 (2 - p) / (p (1 - p)), at most -(6 + 4 √2)."""
    mdp = short_corridor().mdp
    value = evaluate_policy(mdp, np.tile([1 - right, right], (4, 1)))[0]
    assert value == pytest.approx(-2 * (2 - right) / (right * (1 - right)))
    assert value <= -(6 + 4 * 2**0.5) + 1e-9
    assert (value == pytest.approx(-(6 + 4 * 2**0.5))) == (right == 2 - 2**0.5)


def test_who_always_does_the_same_never_leaves_the_short_corridor():
    world = short_corridor(time_limit=50)
    assert policy_values_within(world.mdp, np.array([[0] * 4, [1] * 4]), 50).tolist() == [-50, -50]
    assert truth(world).optimum == -3


def test_river_swim_is_the_table_of_the_paper():
    world = river_swim()
    right, left = np.zeros((6, 6)), np.zeros((6, 6))
    right[0, :2] = 0.7, 0.3
    right[5, 4:] = 0.7, 0.3
    for place in range(1, 5):
        right[place, place - 1 : place + 2] = 0.1, 0.6, 0.3
    for place in range(6):
        left[place, max(place - 1, 0)] = 1.0
    mine = np.zeros((6, 2, 6))
    for state, action in np.ndindex(6, 2):
        np.add.at(mine[state, action], world.mdp.next_state[state, action], world.mdp.probability[state, action])
    np.testing.assert_allclose(mine[:, 0], left)
    np.testing.assert_allclose(mine[:, 1], right)
    earned = (world.mdp.probability * world.mdp.reward).sum(axis=2)
    np.testing.assert_allclose(earned, [[5, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 3000]])
    assert world.mdp.start.tolist() == [0, 0.5, 0.5, 0, 0, 0]


def test_swimming_right_is_optimal_and_drifting_left_is_not():
    mdp = river_swim().mdp
    assert solve(mdp, 0.95).policy.tolist() == [1] * 6
    # From the second place the bank is reached after one step, from the third after two: 5 a step from then on.
    assert policy_value_within(mdp, np.zeros(6, dtype=np.int64), 100) == pytest.approx(5 * (99 + 98) / 2)


def second_sea(size, swapped):
    """The best return by recursion over bsuite's rules, in which columns are clipped at both edges."""

    def best(row, column):
        if row == size:
            return 0.0
        right = -0.01 / size + (column == size - 1) + best(row + 1, min(column + 1, size - 1))
        return max(right, best(row + 1, max(column - 1, 0)))

    return best(0, 0)


@pytest.mark.parametrize("size", [1, 2, 5, 9])
@pytest.mark.parametrize("randomized", [False, True])
def test_deep_sea(size, randomized):
    world = deep_sea(size, randomized, seed=int(randomized))
    assert world.horizon == size
    assert world.states == (size + 1) * (size + 2) // 2
    assert truth(world).optimum == pytest.approx(0.99) == pytest.approx(second_sea(size, None))
    # Random actions find the treasure once in 2^size dives, and go right half of the time.
    assert truth(world).random_value == pytest.approx(0.5**size - 0.005)
    assert solve(world.mdp).value[0] == pytest.approx(start_value(world.mdp, solve(world.mdp).value))


def test_every_dive_is_size_steps_long():
    world = deep_sea(4)
    rows = world.scene.cell[:, 0]
    moving = ~world.mdp.terminal
    assert np.array_equal(rows[world.mdp.next_state[moving, :, 0]], np.repeat(rows[moving][:, None], 2, axis=1) + 1)
    assert np.array_equal(world.mdp.terminal, rows == 4)
    column = world.scene.cell[:, 1]
    np.testing.assert_array_equal(column[world.mdp.next_state[moving, 0, 0]], np.maximum(column[moving] - 1, 0))
    np.testing.assert_array_equal(column[world.mdp.next_state[moving, 1, 0]], column[moving] + 1)
    assert world.scene.tiles[4, 4] == Tile.GOAL


def test_randomized_actions_are_even_and_drawn_by_the_seed():
    # Half of the places have their actions swapped: within four standard errors under the fixed seed.
    plain, world = deep_sea(60), deep_sea(60, randomized=True, seed=2)
    swapped = (plain.mdp.next_state != world.mdp.next_state).any(axis=(1, 2))[: 60 * 61 // 2]
    assert abs(swapped.mean() - 0.5) < 4 * 0.5 / np.sqrt(swapped.size)
    both = np.sort(world.mdp.next_state[..., 0], axis=1)
    np.testing.assert_array_equal(both, plain.mdp.next_state[..., 0])
    assert not np.array_equal(world.mdp.next_state, deep_sea(60, randomized=True, seed=3).mdp.next_state)


@pytest.mark.parametrize(
    ("builder", "options", "message"),
    [
        (random_walk, {"states": 6}, "states must be odd"),
        (random_walk, {"states": -1}, "states must be at least 1"),
        (river_swim, {"states": 2}, "states must be at least 3"),
        (deep_sea, {"size": 0}, "size must be at least 1"),
        (deep_sea, {"seed": 4}, "give randomized=true"),
        (deep_sea, {"size": 10**6}, "bytes of tables"),
        (random_walk, {"states": 10**12 + 1}, "bytes of tables"),
    ],
)
def test_refused(builder, options, message):
    with pytest.raises(UserError, match=message):
        builder(**options)
