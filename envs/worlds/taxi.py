"""The taxi of Dietterich."""

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.world import Piece, Scene, Thing, Tile, World
from daedalus.envs.naming import check_slip, typed
from daedalus.envs.tabulating import Outcomes, rule_world
from daedalus.envs.tiling import ACTIONS, MOVES

_SIDE = 5
_STOPS = ((0, 0), (0, 4), (4, 0), (4, 3))  # red, green, yellow, blue
_RIDING = len(_STOPS)  # where the passenger is, if at no stop

# Cells lie at odd rows and columns, as in a maze; what lies between them is a wall or open.
_TOWN = """\
###########
#...#.....#
#...#.....#
#...#.....#
#.........#
#.........#
#.........#
#.#...#...#
#.#...#...#
#.#...#...#
###########"""


def taxi(slip: float = 0.0, time_limit: int | None = 200) -> World:
    """Fetch a passenger and drive to where the passenger wants to go.

    ## Description
    A town of 5 × 5 places with three walls and four stops: red, green, yellow and blue, in the corners or next to
    one. A passenger waits at one stop and wants to go to another. States, transitions and rewards are those of
    Gymnasium's Taxi; only the actions are numbered as on all grids here, where Gymnasium has 0 down, 1 up, 2 right,
    3 left, 4 pick up, 5 drop off.

    ## Action Space
    `Discrete(6)`: 0 up, 1 right, 2 down, 3 left, 4 pick up, 5 drop off.

    ## Observation Space
    `Discrete(500)`: ((row · 5 + column) · 5 + passenger) · 4 + destination. Row and column are the taxi's, in places;
    the passenger waits at stop 0 red, 1 green, 2 yellow, 3 blue, or rides, 4; the destination is a stop. The 100
    states with the passenger at the destination are terminal; four of them can be reached, 400 others are met.

    ## Starting State
    The taxi anywhere, the passenger at any stop, the destination at any other: 300 states, all equally likely.

    ## Rewards
    20 for the passenger dropped off at the destination; -10 for a pick up without a passenger there, or a drop off
    without a passenger or at no stop; -1 for any other step.

    ## Episode End
    Terminates with the passenger at the destination, truncates after `time_limit` steps.

    ## Arguments
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`; a move against a wall
      stays put and does not slip. 0.2 is Gymnasium's `is_rainy=True`.
    - `time_limit`: steps, or none.

    ## References
    T. Dietterich, Hierarchical reinforcement learning with the MAXQ value function decomposition, Journal of
    Artificial Intelligence Research 13, 2000.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/Taxi-v0", taxi, {"slip": slip, "time_limit": time_limit})
    check_slip(name, slip)
    tiles = _town()

    def moved(place: tuple[int, int], action: int) -> tuple[int, int]:
        down, right = MOVES[action]
        shut = tiles[2 * place[0] + 1 + down, 2 * place[1] + 1 + right] == Tile.WALL
        return place if shut else (place[0] + down, place[1] + right)

    def rule(state: int, action: int) -> Outcomes:
        row, column, passenger, destination = decode(state)
        place = row, column
        match action:
            case 4:
                waits = passenger != _RIDING and place == _STOPS[passenger]
                return [(1.0, encode(place, _RIDING if waits else passenger, destination), -1.0 if waits else -10.0)]
            case 5:
                if passenger != _RIDING or place not in _STOPS:
                    return [(1.0, state, -10.0)]
                stop = _STOPS.index(place)
                return [(1.0, encode(place, stop, destination), 20.0 if stop == destination else -1.0)]
        aimed = moved(place, action)
        turns = ((0, 1.0),) if not slip or aimed == place else ((0, 1 - slip), (-1, slip / 2), (1, slip / 2))
        return [
            (chance, encode(moved(place, (action + turn) % len(MOVES)), passenger, destination), -1.0)
            for turn, chance in turns
        ]

    decoded = [decode(state) for state in range(_SIDE * _SIDE * (_RIDING + 1) * len(_STOPS))]
    return rule_world(
        name,
        len(decoded),
        (*ACTIONS, "pick up", "drop off"),
        rule,
        start=[s for s, (*_, passenger, destination) in enumerate(decoded) if passenger not in (_RIDING, destination)],
        terminal=[s for s, (*_, passenger, destination) in enumerate(decoded) if passenger == destination],
        horizon=time_limit,
        scene=_scene(tiles, decoded),
    )


def encode(place: tuple[int, int], passenger: int, destination: int) -> int:
    """The state's number; `place` is the taxi's row and column."""
    return ((place[0] * _SIDE + place[1]) * (_RIDING + 1) + passenger) * len(_STOPS) + destination


def decode(state: int) -> tuple[int, int, int, int]:
    """Row, column, passenger and destination of a state."""
    rest, destination = divmod(state, len(_STOPS))
    rest, passenger = divmod(rest, _RIDING + 1)
    row, column = divmod(rest, _SIDE)
    return row, column, passenger, destination


def _town() -> Pixels:
    marks = np.array([list(line) for line in _TOWN.splitlines()])
    return np.where(marks == "#", Tile.WALL, Tile.FLOOR).astype(np.uint8)


def _scene(tiles: Pixels, decoded: list[tuple[int, int, int, int]]) -> Scene:
    """The passenger lies at a stop, and nowhere while riding."""
    stops = np.array([(2 * row + 1) * len(tiles) + 2 * column + 1 for row, column in _STOPS] + [-1], dtype=np.int32)
    row, column, passenger, destination = np.array(decoded).T
    pieces = (Piece(Thing.DESTINATION, stops[destination]), Piece(Thing.PASSENGER, stops[passenger]))
    cell = np.stack([2 * row + 1, 2 * column + 1], axis=1)
    return Scene(tiles, cell, (*MOVES, (0, 0), (0, 0)), pieces)
