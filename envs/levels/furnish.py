"""Keys, doors, portals and one-way tiles for a maze that is there already, so that it can still be solved."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from daedalus.core.arrays import Bools, Ints, Pixels, States
from daedalus.core.errors import UserError
from daedalus.core.planning.graph import predecessors, search
from daedalus.core.rng import generator
from daedalus.core.world import Tile, World
from daedalus.envs.naming import at_least
from daedalus.envs.things import COLOURS, NOTHING, PAIRS, Things
from daedalus.envs.tiling import MOVES, grid_world

_TRIES = 300  # places drawn for each thing, before it is said that there is none


def furnish(name: str, tiles: Pixels, seed: int, keys: int = 0, portals: int = 0, one_way: int = 0) -> Things:
    """Draw as many pairs of portals, one-way tiles, and keys with their doors, for `tiles` (rows, columns).

    Every place is drawn again until each tile that could be reached still can be, and the episode can be ended from
    wherever one gets to; both are found by search. A door stands on the shortest way that there is without it.
    Raises `UserError` where there is no room for so many.
    """
    at_least(name, 0, keys=keys, portals=portals, one_way=one_way)
    if keys > COLOURS or portals > PAIRS:
        raise UserError(f"{name}: at most {COLOURS} keys and {PAIRS} pairs of portals can be told apart")
    if not (keys or portals or one_way):
        return NOTHING
    draws, things = generator(seed, "things"), NOTHING
    before, _ = _met(grid_world(name, tiles))
    for kind, count, propose in (
        ("pair of portals", portals, _with_portals),
        ("one-way tile", one_way, _with_arrow),
        ("key and door", keys, _with_key),
    ):
        for _ in range(count):
            for _ in range(_TRIES):
                free = np.setdiff1d(np.flatnonzero(before & (tiles == Tile.FLOOR)), _taken(things))
                proposed = propose(draws, tiles, things, free) if free.size > 1 else None
                if proposed is not None and _fit(grid_world(name, tiles, things=proposed), before):
                    things = proposed
                    break
            else:
                raise UserError(
                    f"{name}: found no place for another {kind}; give fewer, or a larger maze or one with loops"
                )
    return things


def _with_portals(draws: Generator, tiles: Pixels, things: Things, free: Ints) -> Things | None:
    """A pair of portals more, on any of the `free` tiles."""
    one, other = draws.choice(free, 2, replace=False).tolist()
    return replace(things, portals=(*things.portals, (one, other)))


def _with_arrow(draws: Generator, tiles: Pixels, things: Things, free: Ints) -> Things | None:
    """A one-way tile more, that one could pass both ways before."""
    tile, action = int(draws.choice(free)), int(draws.integers(len(MOVES)))
    passable = _open(tiles, tile, action) and _open(tiles, tile, (action + 2) % len(MOVES))
    return replace(things, one_way=(*things.one_way, (tile, action))) if passable else None


def _with_key(draws: Generator, tiles: Pixels, things: Things, free: Ints) -> Things | None:
    """A door more, on the shortest way there is, and its key anywhere."""
    doorways = np.intersect1d(_way(grid_world("", tiles, things=things)), free)
    if not doorways.size:
        return None
    door, lies, colour = int(draws.choice(doorways)), int(draws.choice(free)), len(things.keys)
    if lies == door:
        return None
    return replace(things, keys=(*things.keys, (lies, colour)), doors=(*things.doors, (door, colour)))


def _fit(world: World, before: Bools) -> bool:
    """Whether those tiles can be reached, and nobody is trapped on the way."""
    met, safe = _met(world)
    return safe and np.array_equal(met, before)


def _taken(things: Things) -> list[int]:
    """The tiles on which something lies."""
    single = (*things.keys, *things.doors, *things.one_way, *things.candies)
    return [tile for tile, _ in single] + [tile for pair in things.portals for tile in pair]


def _open(tiles: Pixels, tile: int, action: int) -> bool:
    """Whether a move from a tile leads onto no wall."""
    row, column = (np.array(divmod(tile, tiles.shape[1])) + MOVES[action]).tolist()
    inside = 0 <= row < tiles.shape[0] and 0 <= column < tiles.shape[1]
    return inside and bool(tiles[row, column] != Tile.WALL)


def _met(world: World) -> tuple[Bools, bool]:
    """Which tiles can be reached, (rows, columns), and whether from all states on the way the episode can be ended."""
    mdp, scene = world.mdp, world.scene
    assert scene is not None
    reached: Bools = np.zeros(mdp.states, dtype=np.bool_)
    edge: NDArray[Any] = np.flatnonzero(mdp.start)
    while edge.size:
        reached[edge] = True
        after = np.unique(mdp.next_state[edge])
        edge = after[~reached[after]]
    met = np.zeros(scene.tiles.shape, dtype=np.bool_)
    met[tuple(scene.cell[reached].T)] = True
    return met, bool(np.all(_steps_to_end(world)[reached] >= 0))


def _steps_to_end(world: World) -> States:
    """The fewest steps to the end from each state, (S,); -1 where there is no way."""
    mdp = world.mdp
    everything = np.ones((mdp.states, mdp.actions), dtype=np.bool_)
    return search(mdp, predecessors(mdp), mdp.terminal, everything).level


def _way(world: World) -> Ints:
    """The numbers of the tiles on a shortest way from the first start to an end."""
    mdp, scene = world.mdp, world.scene
    assert scene is not None
    far = _steps_to_end(world)
    state, way = int(np.flatnonzero(mdp.start)[0]), []
    while far[state] > 0:
        way.append(state)
        after = mdp.next_state[state, :, 0]
        state = int(after[far[after] == far[state] - 1][0])
    return np.unique(scene.cell[way] @ (scene.tiles.shape[1], 1))
