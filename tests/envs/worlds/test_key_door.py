"""Rooms and doors, solved exactly, against a search over places and keys."""

from collections import deque

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value
from daedalus.core.world import Thing, Tile
from daedalus.envs import key_door


def fewest_steps(world):
    """Steps from start to goal, by breadth-first search over (tile, keys held)."""
    tiles = world.scene.tiles
    lies = {int(piece.tile.max()): piece.variant for piece in world.scene.pieces if piece.thing == Thing.KEY}
    doors = {int(piece.tile.max()): piece.variant for piece in world.scene.pieces if piece.thing == Thing.DOOR}
    start = (int(np.flatnonzero(tiles == Tile.START)[0]), frozenset())
    steps, queue = {start: 0}, deque([start])
    while queue:
        tile, held = here = queue.popleft()
        if tiles.flat[tile] == Tile.GOAL:
            return steps[here]
        for there in (tile - tiles.shape[1], tile + 1, tile + tiles.shape[1], tile - 1):
            if tiles.flat[there] == Tile.WALL or doors.get(there, -1) not in {-1, *held}:
                continue
            after = (there, held | {lies[there]} if there in lies else held)
            if after not in steps:
                steps[after] = steps[here] + 1
                queue.append(after)
    return None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("rows", "columns", "rooms"), [(5, 5, 2), (1, 3, 3), (2, 2, 4), (1, 7, 7)])
def test_the_optimum_is_the_shortest_chain_of_errands(rows, columns, rooms, seed):
    world = key_door(rows, columns, rooms, seed=seed)
    assert world.states == (rooms * rows * columns + rooms - 1) << (rooms - 1)
    assert start_value(world.mdp, solve(world.mdp).value) == -(fewest_steps(world) - 1)


def test_where_things_are():
    world = key_door(rows=3, columns=4, rooms=3, seed=2)
    tiles, wide = world.scene.tiles, 3 * 5 + 1
    assert tiles.shape == (5, wide)
    room = {tile: (tile % wide - 1) // 5 for tile in range(tiles.size)}
    keys = {piece.variant: int(piece.tile.max()) for piece in world.scene.pieces if piece.thing == Thing.KEY}
    doors = {piece.variant: int(piece.tile.max()) for piece in world.scene.pieces if piece.thing == Thing.DOOR}
    assert [tile % wide for _, tile in sorted(doors.items())] == [5, 10]
    assert all(room[tile] <= colour for colour, tile in keys.items())
    assert room[int(np.flatnonzero(tiles == Tile.START)[0])] == 0
    assert room[int(np.flatnonzero(tiles == Tile.GOAL)[0])] == 2
    assert world.horizon == 2 * 5 * wide * 3
    assert world.name == "daedalus/KeyDoor-v0:rows=3,columns=4,rooms=3,seed=2"


def test_the_seed_draws_the_rooms():
    assert key_door(seed=1).mdp.fingerprint() == key_door(seed=1).mdp.fingerprint()
    assert len({key_door(seed=seed).mdp.fingerprint() for seed in range(10)}) == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 0}, "rows must be at least 1"),
        ({"rooms": 1}, "rooms must be at least 2"),
        ({"rooms": 8}, "rooms must be at most 7, not 8"),
        ({"rows": 1, "columns": 2, "rooms": 3}, "a room of 2 tiles cannot hold the start and 2 keys"),
        ({"rows": 10**6, "columns": 10**6}, "bytes of tables"),
        ({"slip": -1}, "slip must lie in"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"time_limit": 0}, "time limit must be at least 1 step"),
    ],
)
def test_refused_rooms(options, message):
    with pytest.raises(UserError, match=message):
        key_door(**options)
