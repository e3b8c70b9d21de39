"""The mazes of Dyna: one that stays, and two whose walls move in mid-run."""

from dataclasses import replace

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.world import Scene, Schedule, Tile, World
from daedalus.envs.naming import at_least, check_finite, typed
from daedalus.envs.tiling import grid_world

_TILES = {"#": Tile.WALL, ".": Tile.FLOOR, "S": Tile.START, "G": Tile.GOAL}

_DYNA = """\
.......#G
..#....#.
S.#....#.
..#......
.....#...
........."""

_OPEN_RIGHT = """\
........G
.........
.........
########.
.........
...S....."""

_OPEN_LEFT = _OPEN_RIGHT.replace("########.", ".########")
_OPEN_BOTH = _OPEN_RIGHT.replace("########.", ".#######.")


def dyna_maze(step_reward: float = 0.0, time_limit: int | None = 500) -> World:
    """The maze in which planning pays: few real steps, many imagined ones.

    ## Description
    6 × 9 tiles with three walls. The goal is the upper right corner; the shortest way takes 14 steps.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. A move into a wall or off the grid stays put.

    ## Observation Space
    `Discrete(47)`: the index of the tile among all that are not wall, in reading order.

    ## Starting State
    The leftmost tile of the third row.

    ## Rewards
    1 for the step into the goal, `step_reward` for any other. With 0, as in the book, only discounting makes a short
    way better than a long one, so every policy that arrives in time is worth 1; with -1 the value counts the steps.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps. The book has no limit; within
    this one a random walk arrives in two of five episodes.

    ## Arguments
    - `step_reward`: what a step pays that does not reach the goal.
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 8.1 and figure 8.2.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/DynaMaze-v0", dyna_maze, {"step_reward": step_reward, "time_limit": time_limit})
    check_finite(name, step_reward=step_reward)
    return grid_world(name, _read(_DYNA), horizon=time_limit, step_reward=step_reward, goal_reward=1.0)


def blocking_maze(change_at: int = 1000, step_reward: float = 0.0, time_limit: int | None = 500) -> Schedule:
    """A maze whose short way closes: what was learnt is wrong, and says so at once.

    ## Description
    6 × 9 tiles with a barrier across them. At first it is open at its right end, and the shortest way takes 10 steps;
    from step `change_at` on it is closed there and open at its left end, and the shortest way takes 16. Steps are
    counted since seeding, across episodes.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. A move into a wall or off the grid stays put; whoever stands where
    a wall comes may still walk out.

    ## Observation Space
    `Discrete(47)`: the index of the tile among all that are floor at any time, in reading order.

    ## Starting State
    The fourth tile of the bottom row.

    ## Rewards
    1 for the step into the goal, `step_reward` for any other. With 0, as in the book, only discounting makes a short
    way better than a long one, so the optimum is 1 before and after; with -1 the value counts the steps.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps. The book has no limit; within
    this one a random walk arrives in about every second episode.

    ## Arguments
    - `change_at`: the first step in the changed maze.
    - `step_reward`: what a step pays that does not reach the goal.
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 8.2 and figure 8.4.

    ## Version History
    - v0: first version.
    """
    given = {"change_at": change_at, "step_reward": step_reward, "time_limit": time_limit}
    name = typed("daedalus/BlockingMaze-v0", blocking_maze, given)
    return _changing(name, (_OPEN_RIGHT, _OPEN_LEFT), change_at, step_reward, time_limit)


def shortcut_maze(change_at: int = 3000, step_reward: float = 0.0, time_limit: int | None = 500) -> Schedule:
    """A maze in which a shorter way opens: what was learnt still works, so nothing says that there is a better one.

    ## Description
    6 × 9 tiles with a barrier across them. At first it is open at its left end, and the shortest way takes 16 steps;
    from step `change_at` on it is open at its right end, too, and the shortest way takes 10. Steps are counted since
    seeding, across episodes.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. A move into a wall or off the grid stays put.

    ## Observation Space
    `Discrete(47)`: the index of the tile among all that are floor at any time, in reading order.

    ## Starting State
    The fourth tile of the bottom row.

    ## Rewards
    1 for the step into the goal, `step_reward` for any other. With 0, as in the book, only discounting makes a short
    way better than a long one, so the optimum is 1 before and after; with -1 the value counts the steps.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps. The book has no limit; within
    this one a random walk arrives in about every second episode.

    ## Arguments
    - `change_at`: the first step in the changed maze.
    - `step_reward`: what a step pays that does not reach the goal.
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 8.3 and figure 8.5.

    ## Version History
    - v0: first version.
    """
    given = {"change_at": change_at, "step_reward": step_reward, "time_limit": time_limit}
    name = typed("daedalus/ShortcutMaze-v0", shortcut_maze, given)
    return _changing(name, (_OPEN_LEFT, _OPEN_BOTH), change_at, step_reward, time_limit)


def _read(plan: str) -> Pixels:
    return np.array([[_TILES[character] for character in line] for line in plan.splitlines()], dtype=np.uint8)


def _changing(
    name: str, plans: tuple[str, str], change_at: int, step_reward: float, time_limit: int | None
) -> Schedule:
    at_least(name, 1, change_at=change_at)
    check_finite(name, step_reward=step_reward)
    tiles = np.array([_read(plan) for plan in plans])
    now_and_then = (tiles == Tile.WALL).any(axis=0) & (tiles != Tile.WALL).any(axis=0)
    ever = np.where(now_and_then, Tile.FLOOR, tiles[0]).astype(np.uint8)
    base = grid_world(name, ever, horizon=time_limit, step_reward=step_reward, goal_reward=1.0)
    return Schedule(name, np.array([0, change_at]), tuple(walled(base, phase) for phase in tiles))


def walled(world: World, tiles: Pixels) -> World:
    """The same grid with more walls, under the same states: moves into what `tiles` calls a wall stay put.

    A state on such a tile remains, so that worlds with different walls can be phases of one `Schedule`.
    """
    assert world.scene is not None
    cell = world.scene.cell
    shut_S = tiles[cell[:, 0], cell[:, 1]] == Tile.WALL
    own = np.arange(world.mdp.states, dtype=np.int32)[:, None, None]
    reached = np.where(shut_S[world.mdp.next_state], own, world.mdp.next_state)
    mdp = replace(world.mdp, next_state=reached)
    return replace(world, mdp=mdp, scene=Scene(tiles, cell, world.scene.moves))
