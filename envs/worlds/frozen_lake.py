"""The frozen lake, of any size."""

from dataclasses import replace
from typing import Literal

import numpy as np

from daedalus.core.arrays import Bools, Pixels
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import check_size
from daedalus.core.rng import generator
from daedalus.core.world import Tile, World
from daedalus.envs.naming import TimeLimit, at_least, typed
from daedalus.envs.tiling import ACTIONS, grid_world

Size = int | Literal["4x4", "8x8"]

_MAPS = {
    "4x4": """\
S...
.O.O
...O
O..G""",
    "8x8": """\
S.......
........
...O....
.....O..
...O....
.OO...O.
.O..O.O.
...O...G""",
}
_TILES = {".": Tile.FLOOR, "O": Tile.HAZARD, "S": Tile.START, "G": Tile.GOAL}
_TRIES = 10_000  # lakes drawn until one can be crossed


def frozen_lake(
    size: Size = "4x4", slippery: bool = True, holes: float = 0.2, seed: int = 0, time_limit: TimeLimit = "auto"
) -> World:
    """A lake of ice with holes in it: cross it, and do not slip.

    ## Description
    Walk from the top left to the bottom right. On slippery ice only a third of all moves go where they should; the
    others go to one of the two sides. Whoever falls into a hole has lost. On the maps "4x4" and "8x8" states,
    transitions and rewards are those of Gymnasium's FrozenLake-v1; only the actions are numbered as on all grids
    here, where Gymnasium has 0 left, 1 down, 2 right, 3 up.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. A move off the lake stays put.

    ## Observation Space
    `Discrete(size · size)`: the tile's index in reading order, holes included.

    ## Starting State
    The top left tile.

    ## Rewards
    1 for the step into the goal, else 0.

    ## Episode End
    Terminates at the goal and in a hole, truncates after `time_limit` steps.

    ## Arguments
    - `size`: "4x4" or "8x8", the two maps of Gymnasium, or a number of at least 2: a random lake with that many rows
      and columns.
    - `slippery`: whether moves slip.
    - `holes`: of a random lake: the probability that a tile other than start and goal is a hole; lakes that cannot
      be crossed are drawn again.
    - `seed`: of a random lake: draws its holes.
    - `time_limit`: steps, none, or "auto" for 25 times the rows, as in Gymnasium.

    ## References
    Gymnasium, Toy Text: Frozen Lake.

    ## Version History
    - v0: first version.
    """
    given = {"size": size, "slippery": slippery, "holes": holes, "seed": seed, "time_limit": time_limit}
    name = typed("daedalus/FrozenLake-v0", frozen_lake, given)
    if isinstance(size, str):
        if size not in _MAPS:
            raise unknown(f"{name}: size", size, _MAPS)
        if (holes, seed) != (0.2, 0):
            raise UserError(f"{name}: holes and seed draw a random lake; give its size as a number such as size=8")
        tiles = np.array([[_TILES[mark] for mark in line] for line in _MAPS[size].splitlines()], dtype=np.uint8)
    else:
        tiles = _random_lake(name, size, holes, seed)
    hole = tiles == Tile.HAZARD
    ends = np.where(hole, Tile.GOAL, tiles).astype(np.uint8)  # a hole ends the episode as a goal does, but pays nothing
    limit = 25 * len(tiles) if time_limit == "auto" else time_limit
    lake = grid_world(name, ends, 2 / 3 if slippery else 0.0, limit, step_reward=0.0, goal_reward=1.0)
    assert lake.scene is not None
    paid = np.where(hole.ravel()[lake.mdp.next_state], 0.0, lake.mdp.reward)
    return replace(lake, mdp=replace(lake.mdp, reward=paid), scene=replace(lake.scene, tiles=tiles))


def _random_lake(name: str, size: int, holes: float, seed: int) -> Pixels:
    """The lake that `seed` draws: holes by chance, drawn again until the goal can be reached."""
    at_least(name, 2, size=size)
    at_least(name, 0, seed=seed)
    if not 0 <= holes < 1:
        raise UserError(f"{name}: holes must lie in [0, 1), not {holes}")
    check_size(size * size, len(ACTIONS), 3)
    rng = generator(seed, "layout")
    for _ in range(_TRIES):
        hole = rng.random((size, size)) < holes
        hole[0, 0] = hole[-1, -1] = False
        if _crossable(~hole):
            tiles = np.where(hole, Tile.HAZARD, Tile.FLOOR).astype(np.uint8)
            tiles[0, 0], tiles[-1, -1] = Tile.START, Tile.GOAL
            return tiles
    raise UserError(f"{name}: none of {_TRIES:,} lakes with so many holes can be crossed; give fewer holes")


def _crossable(ice: Bools) -> bool:
    """Whether a way over ice joins the first tile to the last."""
    from scipy.ndimage import label

    part = label(ice)[0]
    return bool(part[0, 0] == part[-1, -1])
