"""The two small grids on which Sutton & Barto explain value functions."""

import numpy as np

from daedalus.core.world import Piece, Scene, Thing, Tile, World
from daedalus.envs.naming import typed
from daedalus.envs.tabulating import Outcomes, rule_world
from daedalus.envs.tiling import ACTIONS, MOVES, neighbours

_SIDE = 5
_JUMPS = {(0, 1): ((4, 1), 10.0), (0, 3): ((2, 3), 5.0)}  # A to A', B to B'

_SMALL_SIDE = 4


def gridworld(time_limit: int | None = 100) -> World:
    """The 5 × 5 grid of chapter 3: two special states, and no end.

    ## Description
    Every action in state A (second tile of the top row) pays 10 and leads to A', four tiles below; every action in
    state B (fourth tile of the top row) pays 5 and leads to B', two tiles below. Whoever bumps into the edge pays 1.
    A continuing task: nothing ends it but the time limit, which is ours. The values of the book are those without a
    limit at γ = 0.9; what is reported as the optimum is the best undiscounted return within the limit.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left.

    ## Observation Space
    `Discrete(25)`: the tile's index in reading order.

    ## Starting State
    Any tile, all equally likely; the book names none.

    ## Rewards
    +10 in A, +5 in B, -1 for a move off the grid, which stays put; else 0.

    ## Episode End
    Never terminates; truncates after `time_limit` steps.

    ## Arguments
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, examples 3.5 and 3.8.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/Gridworld-v0", gridworld, {"time_limit": time_limit})

    tiles = np.full((_SIDE, _SIDE), Tile.FLOOR, dtype=np.uint8)
    after = neighbours(tiles)

    def rule(state: int, action: int) -> Outcomes:
        row, column = divmod(state, _SIDE)
        if (row, column) in _JUMPS:
            (landing_row, landing_column), prize = _JUMPS[row, column]
            return [(1.0, landing_row * _SIDE + landing_column, prize)]
        reached = int(after[state, action])
        return [(1.0, reached, -1.0 if reached == state else 0.0)]

    pieces = [
        Piece(thing, np.array([row * _SIDE + column], dtype=np.int32), colour)
        for colour, (jump, (landing, _)) in enumerate(_JUMPS.items())
        for thing, (row, column) in ((Thing.PORTAL, jump), (Thing.DESTINATION, landing))
    ]
    states = _SIDE * _SIDE
    scene = Scene(tiles, np.argwhere(tiles == Tile.FLOOR), MOVES, tuple(pieces))
    return rule_world(name, states, ACTIONS, rule, start=range(states), horizon=time_limit, scene=scene)


def small_gridworld(time_limit: int | None = 200) -> World:
    """The 4 × 4 grid of chapter 4: walk to one of two corners.

    ## Description
    16 tiles; the top left and the bottom right corner end the episode. The grid on which iterative policy evaluation
    is explained: under random moves the values are -14, -20 and -22 along the top row.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left.

    ## Observation Space
    `Discrete(16)`: the tile's index in reading order. The book shows both corners as one state.

    ## Starting State
    Any tile but the two corners, all equally likely; the book names none.

    ## Rewards
    -1 a step, the step into a corner included.

    ## Episode End
    Terminates in either corner, truncates after `time_limit` steps.

    ## Arguments
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 4.1.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/SmallGridworld-v0", small_gridworld, {"time_limit": time_limit})
    states = _SMALL_SIDE * _SMALL_SIDE
    tiles = np.full((_SMALL_SIDE, _SMALL_SIDE), Tile.FLOOR, dtype=np.uint8)
    tiles[0, 0] = tiles[-1, -1] = Tile.GOAL
    after = neighbours(tiles)
    return rule_world(
        name,
        states,
        ACTIONS,
        lambda state, action: [(1.0, int(after[state, action]), -1.0)],
        start=range(1, states - 1),
        terminal=[0, states - 1],
        horizon=time_limit,
        scene=Scene(tiles, np.argwhere(tiles != Tile.WALL), MOVES),
    )
