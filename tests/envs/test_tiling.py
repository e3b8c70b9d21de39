"""Tiles to tables, against numbers worked out by hand."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value
from daedalus.core.world import Tile
from daedalus.envs import cliff, four_rooms, grid_world
from daedalus.envs.tiling import neighbours

# . S      states 0 1
# # G              - 2
SMALL = np.array([[Tile.FLOOR, Tile.START], [Tile.WALL, Tile.GOAL]], dtype=np.uint8)


def test_tables_of_four_tiles():
    world = grid_world("small", SMALL, horizon=7)
    mdp = world.mdp
    assert (world.states, world.horizon, world.actions) == (3, 7, ("up", "right", "down", "left"))
    assert mdp.next_state[:, :, 0].tolist() == [[0, 1, 0, 0], [1, 1, 2, 0], [2, 2, 2, 2]]
    assert mdp.reward[:, :, 0].tolist() == [[-1] * 4, [-1, -1, 0, -1], [0] * 4]
    assert mdp.start.tolist() == [0, 1, 0]
    assert mdp.terminal.tolist() == [False, False, True]
    assert world.scene.cell.tolist() == [[0, 0], [0, 1], [1, 1]]


def test_slip_goes_to_both_sides():
    mdp = grid_world("small", SMALL, slip=0.2).mdp
    # "right" from state 1: stay at the border; up stays, too; down is the goal
    assert mdp.next_state[1, 1].tolist() == [1, 1, 2]
    assert mdp.probability[1, 1] == pytest.approx([0.8, 0.1, 0.1])
    assert mdp.reward[1, 1].tolist() == [-1, -1, 0]
    # "up" has the sides left and right
    assert mdp.next_state[1, 0].tolist() == [1, 0, 1]


def test_several_starts_are_equally_likely():
    tiles = np.array([[Tile.START, Tile.START, Tile.GOAL, Tile.START, Tile.GOAL]], dtype=np.uint8)
    mdp = grid_world("row", tiles).mdp
    assert mdp.start == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3, 0])
    assert mdp.terminal.tolist() == [False, False, True, False, True]


def test_auto_time_limit_is_two_steps_a_tile():
    assert grid_world("small", SMALL).horizon == 8
    assert grid_world("small", SMALL, horizon=None).horizon is None


def test_the_callers_tiles_stay_its_own():
    tiles = SMALL.copy()
    world = grid_world("small", tiles)
    tiles[0, 0] = Tile.WALL
    assert world.scene.tiles[0, 0] == Tile.FLOOR


@pytest.mark.parametrize(
    ("tiles", "options", "message"),
    [
        ([[0, 3]], {}, "no start"),
        ([[0, 2]], {}, "no goal"),
        ([[2, 4, 2, 3]], {}, "exactly one start"),
        ([[2, 3]], {"slip": 1.5}, r"slip must lie in \[0, 1\], not 1.5"),
        ([[2, 3]], {"slip": float("nan")}, "slip"),
        ([[2, 3]], {"horizon": 0}, "at least 1 step"),
    ],
)
def test_refused_grids(tiles, options, message):
    with pytest.raises(UserError, match=message):
        grid_world("grid", np.array(tiles, dtype=np.uint8), **options)


def test_cliff_pays_and_sends_back():
    mdp = cliff().mdp
    start, above, goal = 36, 24, 47
    assert (mdp.next_state[start, 1, 0], mdp.reward[start, 1, 0]) == (start, -100)
    assert (mdp.next_state[start, 0, 0], mdp.reward[start, 0, 0]) == (above, -1)
    assert (mdp.next_state[25, 2, 0], mdp.reward[25, 2, 0]) == (start, -100)
    assert (mdp.next_state[35, 2, 0], mdp.reward[35, 2, 0]) == (goal, -1)
    assert np.flatnonzero(mdp.terminal).tolist() == [goal]
    assert start_value(mdp, solve(mdp).value) == pytest.approx(-13)
    assert start_value(mdp, solve(mdp, 0.99).value) == pytest.approx(-12.247898, abs=1e-6)


def test_four_rooms_is_the_published_plan():
    world = four_rooms()
    assert world.states == 104
    assert world.scene.cell[np.flatnonzero(world.mdp.start)].tolist() == [[1, 1]]
    assert world.scene.cell[np.flatnonzero(world.mdp.terminal)].tolist() == [[7, 9]]
    # from (1, 1) to (7, 9) no shorter way exists than the sum of rows and columns
    assert start_value(world.mdp, solve(world.mdp).value) == pytest.approx(-(6 + 8 - 1))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: cliff(rows=1), "rows must be at least 2"),
        (lambda: cliff(columns=2), "columns must be at least 3"),
        (lambda: cliff(slip=-0.1), "slip"),
        (lambda: cliff(rows=10**6, columns=10**6), "bytes of tables"),
        (lambda: four_rooms(slip=2), "slip"),
        (lambda: four_rooms(time_limit=0), "at least 1 step"),
    ],
)
def test_refused_parameters(build, message):
    with pytest.raises(UserError, match=message):
        build()


def test_whole_numbers_are_rewards_like_any_other():
    mdp = grid_world("small", SMALL, step_reward=-1, goal_reward=0.5, hazard_reward=-2).mdp
    assert mdp.reward[1, 2, 0] == 0.5


def test_neighbours_by_hand() -> None:
    """Cells 0 1 over 2, with a wall below 1: up, right, down, left."""
    tiles = np.array([[Tile.START, Tile.GOAL], [Tile.FLOOR, Tile.WALL]], dtype=np.uint8)
    assert neighbours(tiles).tolist() == [[0, 1, 2, 0], [1, 1, 1, 0], [0, 2, 2, 2]]
