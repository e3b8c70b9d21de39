"""Rooms in a row, each behind a locked door."""

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError
from daedalus.core.mdp import check_size
from daedalus.core.rng import generator
from daedalus.core.world import Tile, World
from daedalus.envs.naming import TimeLimit, at_least, check_slip, typed
from daedalus.envs.things import COLOURS, Things
from daedalus.envs.tiling import ACTIONS, grid_world


def key_door(
    rows: int = 5,
    columns: int = 5,
    rooms: int = 2,
    slip: float = 0.0,
    seed: int = 0,
    time_limit: TimeLimit = "auto",
) -> World:
    """Rooms in a row, and a locked door between each two: find the keys first.

    ## Description
    Start in the leftmost room; the goal is in the rightmost. Every wall between two rooms has one door, each of
    another colour, which opens to whoever holds its key; the key lies in one of the rooms before it. Stepping onto a
    key picks it up for good, and walking into a door that one may not pass stays put. Walking at random rarely ends
    well: the reward comes after a chain of errands.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. Moving into a wall stays put.

    ## Observation Space
    `Discrete(2^(rooms - 1) · (rooms · rows · columns + rooms - 1))`: for each set of keys held, the index of the tile
    among all that are not wall, in reading order. Bit i of the set's number is the key of door i, from the left.

    ## Starting State
    A tile of the leftmost room, without keys.

    ## Rewards
    -1 a step, 0 for the step into the goal.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps.

    ## Arguments
    - `rows`, `columns`: the floor of each room, in tiles; as many tiles as rooms at least.
    - `rooms`: 2 to 7.
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `seed`: draws where start, keys, doors and goal are, which resets never change.
    - `time_limit`: steps, none, or "auto" for two steps a tile, and as many again for each key.

    ## References
    M. Chevalier-Boisvert et al., Minigrid & Miniworld, NeurIPS 2023, whose DoorKey this is without a heading and
    without actions for picking up and opening.

    ## Version History
    - v0: first version.
    """
    given = {
        "rows": rows, "columns": columns, "rooms": rooms, "slip": slip, "seed": seed, "time_limit": time_limit,
    }  # fmt: skip
    name = typed("daedalus/KeyDoor-v0", key_door, given)
    at_least(name, 1, rows=rows, columns=columns)
    at_least(name, 2, rooms=rooms)
    at_least(name, 0, seed=seed)
    if rooms > COLOURS + 1:
        raise UserError(
            f"{name}: rooms must be at most {COLOURS + 1}, not {rooms}: there are {COLOURS} colours of doors"
        )
    if rows * columns < rooms:
        raise UserError(f"{name}: a room of {rows * columns} tiles cannot hold the start and {rooms - 1} keys")
    check_slip(name, slip)
    check_size((rooms * rows * columns + rooms - 1) << (rooms - 1), len(ACTIONS), 3 if slip else 1)
    tiles, things = _rooms(rows, columns, rooms, seed)
    return grid_world(name, tiles, slip, time_limit, things=things)


def _rooms(rows: int, columns: int, rooms: int, seed: int) -> tuple[Pixels, Things]:
    """Start, goal, a door in each wall between two rooms, and its key in one of the rooms before it."""
    rng = generator(seed, "layout")
    tiles = np.full((rows + 2, rooms * (columns + 1) + 1), Tile.WALL, dtype=np.uint8)
    number = np.arange(tiles.size).reshape(tiles.shape)
    for room in range(rooms):
        tiles[1:-1, room * (columns + 1) + 1 : (room + 1) * (columns + 1)] = Tile.FLOOR
    free = [
        [int(tile) for tile in number[1:-1, room * (columns + 1) + 1 :][:, :columns].ravel()] for room in range(rooms)
    ]

    def draw(room: int) -> int:
        return free[room].pop(int(rng.integers(len(free[room]))))

    start, goal = draw(0), draw(rooms - 1)
    keys = tuple((draw(int(rng.integers(door + 1))), door) for door in range(rooms - 1))
    doors = tuple(
        (int(number[rng.integers(1, rows + 1), (door + 1) * (columns + 1)]), door) for door in range(rooms - 1)
    )
    tiles.flat[start], tiles.flat[goal] = Tile.START, Tile.GOAL
    tiles.flat[[tile for tile, _ in doors]] = Tile.FLOOR
    return tiles, Things(keys=keys, doors=doors)
