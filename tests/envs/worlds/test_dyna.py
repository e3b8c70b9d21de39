"""The mazes of Dyna: path lengths counted by hand in the book's figures, and what the change does."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, truth
from daedalus.core.world import Schedule, Tile, World, sort_of
from daedalus.envs import blocking_maze, dyna_maze, shortcut_maze


def steps_to_goal(world: World) -> int:
    """The length of the way that the optimal policy takes, walked tile by tile."""
    policy, state = solve(world.mdp, 0.9).policy, int(world.mdp.start.argmax())
    for taken in range(1000):
        if world.mdp.terminal[state]:
            return taken
        state = int(world.mdp.next_state[state, policy[state], 0])
    return -1


def test_the_dyna_maze_is_that_of_figure_8_2():
    """From the left end of the third row over the gap below the first wall and above the last: 14 steps."""
    world = dyna_maze()
    assert world.states == 6 * 9 - 7
    assert world.scene.cell[world.mdp.start.argmax()].tolist() == [2, 0]
    assert world.scene.cell[world.mdp.terminal].tolist() == [[0, 8]]
    assert np.argwhere(world.scene.tiles == Tile.WALL).tolist() == [
        [0, 7], [1, 2], [1, 7], [2, 2], [2, 7], [3, 2], [4, 5]
    ]  # fmt: skip
    assert steps_to_goal(world) == 14
    assert truth(dyna_maze(step_reward=-1.0)).optimum == 1 - 13


@pytest.mark.parametrize(
    ("build", "change_at", "ways"), [(blocking_maze, 1000, (10, 16)), (shortcut_maze, 3000, (16, 10))]
)
def test_the_shortest_ways_are_those_of_the_book(build, change_at, ways):
    schedule = build()
    assert isinstance(schedule, Schedule)
    assert sort_of(schedule) == "changing"
    assert schedule.since.tolist() == [0, change_at]
    assert tuple(steps_to_goal(world) for world in schedule.phases) == ways
    assert [truth(world).optimum for world in schedule.phases] == [1.0, 1.0]
    counted = build(step_reward=-1.0)
    assert [truth(world).optimum for world in counted.phases] == [1 - (way - 1) for way in ways]
    assert [schedule.phase(step) for step in (0, change_at - 1, change_at, 10**9)] == [0, 0, 1, 1]


def test_the_barrier_is_open_where_the_figures_say():
    def barrier(world: World) -> str:
        return "".join("#" if tile == Tile.WALL else "." for tile in world.scene.tiles[3])

    assert [barrier(world) for world in blocking_maze().phases] == ["########.", ".########"]
    assert [barrier(world) for world in shortcut_maze().phases] == [".########", ".#######."]


def test_phases_share_their_states_and_no_move_enters_a_wall_of_its_phase():
    for schedule in (blocking_maze(), shortcut_maze()):
        cells = [world.scene.cell for world in schedule.phases]
        assert np.array_equal(cells[0], cells[1])
        for world in schedule.phases:
            cell, reached = world.scene.cell, world.mdp.next_state[:, :, 0]
            walled = world.scene.tiles[cell[:, 0], cell[:, 1]] == Tile.WALL
            entered = walled[reached] & (reached != np.arange(len(cell))[:, None])
            assert not entered.any()
            trapped = np.flatnonzero(walled)  # where the wall came, one can still walk out
            assert all((reached[state] != state).any() for state in trapped)


@pytest.mark.parametrize("build", [blocking_maze, shortcut_maze])
def test_a_change_that_is_none_is_refused(build):
    with pytest.raises(UserError, match="change_at must be at least 1, not 0"):
        build(change_at=0)
    assert build(5).name == f"daedalus/{'Blocking' if build is blocking_maze else 'Shortcut'}Maze-v0:change_at=5"
