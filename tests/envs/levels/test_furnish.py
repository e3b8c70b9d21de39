"""Furnished mazes: solvable, nobody trapped, all as a search in pure Python sees it."""

from collections import deque

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value
from daedalus.core.world import Tile
from daedalus.envs import grid_world, maze
from daedalus.envs.levels.furnish import furnish
from daedalus.envs.levels.tiles import drawn_tiles
from daedalus.envs.things import Things

SMALL = {"rows": 5, "columns": 6}
KINDS = [("depth_first", 0.0), ("wilson", 0.0), ("rooms", 0.0), ("prim", 0.4)]


def tiles_of(generator, braid, seed, rows=6, columns=6):
    return drawn_tiles(generator, rows, columns, np.array([seed], dtype=np.uint64), braid)[0]


def graph(world):
    """The states that can be reached from the start, and those of them from which an end can be."""
    after = world.mdp.next_state[:, :, 0].tolist()
    seen = set(np.flatnonzero(world.mdp.start).tolist())
    queue, before = deque(seen), {}
    while queue:
        state = queue.popleft()
        for reached in after[state]:
            before.setdefault(reached, set()).add(state)
            if reached not in seen:
                seen.add(reached)
                queue.append(reached)
    ends = {state for state in seen if world.mdp.terminal[state]}
    queue = deque(ends)
    while queue:
        for state in before.get(queue.popleft(), ()):
            if state not in ends:
                ends.add(state)
                queue.append(state)
    return seen, ends


@pytest.mark.parametrize(("generator", "braid"), KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_every_tile_stays_within_reach_and_nobody_is_trapped(generator, braid, seed):
    tiles = tiles_of(generator, braid, seed)
    things = furnish("maze", tiles, seed, keys=2, portals=2, one_way=2)
    assert [len(those) for those in (things.keys, things.doors, things.portals, things.one_way)] == [2, 2, 2, 2]
    world = grid_world("maze", tiles, things=things)
    seen, ends = graph(world)
    assert seen == ends
    bare, _ = graph(grid_world("maze", tiles))
    assert {tuple(world.scene.cell[state]) for state in seen} == {tuple(world.scene.cell[state]) for state in bare}


def test_without_things_there_is_nothing():
    assert furnish("maze", tiles_of("wilson", 0, 1), 0) == Things()
    assert maze(**SMALL, keys=0).mdp.fingerprint() == maze(**SMALL).mdp.fingerprint()


def test_things_come_from_the_seed_alone():
    tiles = tiles_of("wilson", 0, 1)
    assert furnish("maze", tiles, 5, keys=1, portals=1) == furnish("maze", tiles, 5, keys=1, portals=1)
    assert furnish("maze", tiles, 5, keys=1) != furnish("maze", tiles, 6, keys=1)


@pytest.mark.parametrize("seed", range(5))
def test_in_a_perfect_maze_a_door_must_be_opened_and_an_arrow_can_be_followed(seed):
    tiles = tiles_of("depth_first", 0, seed)
    way = -start_value(*valued(tiles, Things()))
    things = furnish("maze", tiles, seed, keys=1, one_way=2)
    assert -start_value(*valued(tiles, things)) >= way
    shut = Things(doors=things.doors)  # without its key
    assert start_value(*valued(tiles, shut)) == -np.inf
    for tile, action in things.one_way:  # against any of the arrows nothing can be reached
        turned = Things(one_way=((tile, (action + 2) % 4),))
        assert start_value(*valued(tiles, turned)) == -np.inf


def valued(tiles, things):
    mdp = grid_world("maze", tiles, things=things).mdp
    return mdp, solve(mdp).value


def test_mazes_take_them_as_parameters():
    world = maze(**SMALL, keys=1, portals=1, one_way=1)
    assert world.name == "daedalus/Maze-v0:rows=5,columns=6,keys=1,portals=1,one_way=1"
    assert len(world.scene.pieces) == 2 + 2 + 1
    assert world.states == 2 * maze(**SMALL).states
    bare = np.isin(world.scene.tiles, (Tile.WALL,))
    assert np.array_equal(bare, np.isin(maze(**SMALL).scene.tiles, (Tile.WALL,)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keys": -1}, "keys must be at least 0"),
        ({"one_way": -1}, "one_way must be at least 0"),
        ({"keys": 7}, "at most 6 keys and 9 pairs of portals"),
        ({"portals": 10}, "at most 6 keys and 9 pairs"),
        ({"one_way": 1000}, "found no place for another one-way tile; give fewer"),
        ({"rows": 1, "columns": 2, "keys": 1}, "found no place for another key and door"),
        ({"rows": 1, "columns": 2, "portals": 1}, "found no place for another pair of portals"),
        ({"keys": 1, "layout": "per_episode"}, "go with one fixed layout"),
        ({"portals": 1, "levels": 3}, "go with one fixed layout"),
    ],
)
def test_refused(options, message):
    with pytest.raises(UserError, match=message):
        maze(**{**SMALL, **options})
