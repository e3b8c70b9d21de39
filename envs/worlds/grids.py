"""Grid worlds of the textbooks."""

import numpy as np

from daedalus.core.mdp import check_size
from daedalus.core.world import Tile, World
from daedalus.envs.naming import at_least, check_slip, typed
from daedalus.envs.tiling import ACTIONS, grid_world

_FOUR_ROOMS = """\
#############
#S    #     #
#     #     #
#           #
#     #     #
#     #     #
## ####     #
#     ###G###
#     #     #
#     #     #
#           #
#     #     #
#############"""

_TILES = {"#": Tile.WALL, " ": Tile.FLOOR, "S": Tile.START, "G": Tile.GOAL}


def cliff(rows: int = 4, columns: int = 12, slip: float = 0.0, time_limit: int | None = 1000) -> World:
    """The cliff walk: the shortest way home runs along an abyss.

    ## Description
    Walk from the bottom left to the bottom right corner. All tiles between them are a cliff; whoever steps onto it
    pays dearly and stands at the start again. The shortest path is safe for those who never err; under
    exploration, a detour is better.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left.

    ## Observation Space
    `Discrete(rows · columns)`: the tile's index in reading order. Cliff tiles are counted but never stood on.

    ## Starting State
    The bottom left tile.

    ## Rewards
    -1 a step, the step into the goal included; -100 for the step onto the cliff.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps. The cliff does not end the episode.

    ## Arguments
    - `rows`: at least 2; `columns`: at least 3.
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 6.6.

    ## Version History
    - v0: first version.
    """
    given = {"rows": rows, "columns": columns, "slip": slip, "time_limit": time_limit}
    name = typed("daedalus/Cliff-v0", cliff, given)
    at_least(name, 2, rows=rows)
    at_least(name, 3, columns=columns)
    check_slip(name, slip)
    check_size(rows * columns, len(ACTIONS), 3 if slip else 1)
    tiles = np.full((rows, columns), Tile.FLOOR, dtype=np.uint8)
    tiles[-1, 1:-1] = Tile.HAZARD
    tiles[-1, 0], tiles[-1, -1] = Tile.START, Tile.GOAL
    return grid_world(name, tiles, slip, time_limit, goal_reward=-1.0)


def four_rooms(slip: float = 0.0, time_limit: int | None = 500) -> World:
    """Four rooms joined by four hallways.

    ## Description
    13 × 13 tiles with walls, the floor plan of Sutton, Precup & Singh. Start in the upper left corner; the goal is
    the hallway between the two rooms on the right, their G1. Differences from the paper: a step costs 1 instead of
    being discounted, and `slip` goes to the two sides of a move, where theirs goes to all three other directions.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left.

    ## Observation Space
    `Discrete(104)`: the index of the tile among all that are not wall, in reading order.

    ## Starting State
    The upper left tile.

    ## Rewards
    -1 a step, 0 for the step into the goal.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps.

    ## Arguments
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `time_limit`: steps, or none.

    ## References
    R. Sutton, D. Precup and S. Singh, Between MDPs and semi-MDPs, Artificial Intelligence 112, 1999, section 3.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/FourRooms-v0", four_rooms, {"slip": slip, "time_limit": time_limit})
    tiles = np.array([[_TILES[character] for character in line] for line in _FOUR_ROOMS.splitlines()], dtype=np.uint8)
    return grid_world(name, tiles, slip, time_limit)
