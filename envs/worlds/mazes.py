"""Generated mazes as worlds."""

from typing import Literal

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import check_size
from daedalus.core.rng import stream_keys
from daedalus.core.world import Tile, World

from daedalus.envs.naming import TimeLimit, at_least, check_slip, typed
from daedalus.envs.tiling import ACTIONS, grid_world

Generator = Literal["depth_first", "wilson"]


def maze(
    rows: int = 10,
    columns: int = 10,
    generator: Generator = "depth_first",
    slip: float = 0.0,
    seed: int = 0,
    time_limit: TimeLimit = "auto",
) -> World:
    """A perfect maze: between any two cells there is exactly one path.

    ## Description
    Find the way from the top left to the bottom right. Cells lie at odd rows and columns of the tiles, so 10 × 10
    cells are 21 × 21 tiles; walls and the open passages between cells are tiles, too. `generator="depth_first"`
    carves long winding corridors; `"wilson"` draws uniformly from all spanning trees of the grid.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. Moving into a wall stays put.

    ## Observation Space
    `Discrete(2 · rows · columns - 1)`: the index of the tile among all that are not wall, in reading order.

    ## Starting State
    The top left cell.

    ## Rewards
    -1 a step, 0 for the step into the goal.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps.

    ## Arguments
    - `rows`, `columns`: cells; at least two cells in all.
    - `generator`: "depth_first" or "wilson".
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `seed`: draws the layout, which resets never change.
    - `time_limit`: steps, none, or "auto" for two steps a tile.

    ## References
    D. Wilson, Generating random spanning trees more quickly than the cover time, STOC 1996.

    ## Version History
    - v0: first version.
    """
    given = {
        "rows": rows, "columns": columns, "generator": generator, "slip": slip, "seed": seed, "time_limit": time_limit,
    }  # fmt: skip
    name = typed("daedalus/Maze-v0", maze, given)
    at_least(name, 1, rows=rows, columns=columns)
    at_least(name, 0, seed=seed)
    if generator not in ("depth_first", "wilson"):
        raise unknown(f"{name}: generator", generator, ("depth_first", "wilson"))
    if rows * columns == 1:
        raise UserError(f"{name}: in a maze of one cell the start is the goal; give at least 2 rows or 2 columns")
    check_slip(name, slip)
    check_size(2 * rows * columns - 1, len(ACTIONS), 3 if slip else 1)
    tiles = maze_tiles(generator, rows, columns, seed)
    return grid_world(name, tiles, slip, time_limit)


def maze_tiles(generator: Generator, rows: int, columns: int, seed: int) -> Pixels:
    """The maze that `seed` draws as tiles, (2·rows + 1, 2·columns + 1), start top left and goal bottom right."""
    from daedalus.envs.levels.spanning_trees import depth_first, wilson

    generate = depth_first if generator == "depth_first" else wilson
    tiles = tiles_of(generate(rows, columns, stream_keys([seed], "layout"))[0], rows, columns)
    tiles[1, 1], tiles[-2, -2] = Tile.START, Tile.GOAL
    return tiles


def tiles_of(passages: Pixels, rows: int, columns: int) -> Pixels:
    """A row of passages (`spanning_trees`) as tiles of wall and floor: cells lie at odd rows and columns."""
    tiles = np.full((2 * rows + 1, 2 * columns + 1), Tile.WALL, dtype=np.uint8)
    tiles[1::2, 1::2] = Tile.FLOOR
    east = rows * (columns - 1)
    tiles[1::2, 2:-2:2] = np.where(passages[:east].reshape(rows, columns - 1), Tile.FLOOR, Tile.WALL)
    tiles[2:-2:2, 1::2] = np.where(passages[east:].reshape(rows - 1, columns), Tile.FLOOR, Tile.WALL)
    return tiles
