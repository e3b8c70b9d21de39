"""The windy gridworld of Sutton & Barto, with king's moves and stochastic wind."""

from typing import Literal

import numpy as np

from daedalus.core.errors import unknown
from daedalus.core.world import Piece, Scene, Thing, Tile, World
from daedalus.envs.naming import typed
from daedalus.envs.tabulating import Outcomes, rule_world
from daedalus.envs.tiling import ACTIONS, MOVES

Moves = Literal["four", "king", "king_stay"]

_ROWS = 7
_WIND = (0, 0, 0, 1, 1, 1, 2, 2, 1, 0)
_START, _GOAL = (3, 0), (3, 7)

_DIAGONALS = {"up right": (-1, 1), "down right": (1, 1), "down left": (1, -1), "up left": (-1, -1)}
_FOUR = dict(zip(ACTIONS, MOVES, strict=True))
_KING = {**_FOUR, **_DIAGONALS}
_SETS = {"four": _FOUR, "king": _KING, "king_stay": {**_KING, "stay": (0, 0)}}


def windy(moves: Moves = "four", stochastic: bool = False, time_limit: int | None = 1000) -> World:
    """A field with a crosswind: the wind lifts whoever walks through it.

    ## Description
    7 × 10 tiles. In the columns 3 to 8 a wind blows upwards, 1 tile strong, in columns 6 and 7 it is 2 tiles strong:
    a step that begins in such a column ends that much higher than it aimed, but never off the grid. The shortest way
    takes 15 steps, with king's moves 7.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. `moves="king"` is `Discrete(8)`: 4 up right, 5 down right,
    6 down left, 7 up left beside them; `moves="king_stay"` is `Discrete(9)`: 8 stays, and drifts with the wind.

    ## Observation Space
    `Discrete(70)`: the tile's index in reading order.

    ## Starting State
    The leftmost tile of the middle row.

    ## Rewards
    -1 a step, the step into the goal included.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps.

    ## Arguments
    - `moves`: "four", "king" or "king_stay".
    - `stochastic`: in windy columns, the wind is in a third of all steps one tile stronger, in a third one weaker.
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 6.5, exercises 6.9
    (king's moves) and 6.10 (stochastic wind).

    ## Version History
    - v0: first version.
    """
    given = {"moves": moves, "stochastic": stochastic, "time_limit": time_limit}
    name = typed("daedalus/Windy-v0", windy, given)
    if moves not in _SETS:
        raise unknown(f"{name}: moves", moves, _SETS)
    chosen, columns = _SETS[moves], len(_WIND)
    steps = tuple(chosen.values())

    def rule(state: int, action: int) -> Outcomes:
        row, column = divmod(state, columns)
        wind, (down, right) = _WIND[column], steps[action]
        strengths = (wind, wind + 1, wind - 1) if stochastic and wind else (wind,)
        reached = [_inside(row + down - strength, column + right) for strength in strengths]
        return [(1 / len(reached), tile, -1.0) for tile in reached]

    start, goal = _START[0] * columns + _START[1], _GOAL[0] * columns + _GOAL[1]
    return rule_world(
        name,
        _ROWS * columns,
        tuple(chosen),
        rule,
        start=start,
        terminal=[goal],
        horizon=time_limit,
        scene=_scene(steps),
    )


def _inside(row: int, column: int) -> int:
    """The tile on the grid that is nearest to a place, which may lie off it."""
    return min(max(row, 0), _ROWS - 1) * len(_WIND) + min(max(column, 0), len(_WIND) - 1)


def _scene(steps: tuple[tuple[int, int], ...]) -> Scene:
    tiles = np.full((_ROWS, len(_WIND)), Tile.FLOOR, dtype=np.uint8)
    tiles[_START], tiles[_GOAL] = Tile.START, Tile.GOAL
    blown = [(tile, _WIND[column]) for tile, (_, column) in enumerate(np.ndindex(tiles.shape)) if _WIND[column]]
    wind = tuple(
        Piece(Thing.WIND, np.array([tile], dtype=np.int32), strength)
        for tile, strength in blown
        if tiles.flat[tile] != Tile.GOAL  # nobody leaves it
    )
    return Scene(tiles, np.argwhere(tiles != Tile.WALL), steps, wind)
