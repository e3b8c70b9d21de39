"""Generated mazes as worlds."""

from typing import Any, get_args

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import check_size
from daedalus.core.rng import stream_keys
from daedalus.core.world import Tile, World
from daedalus.envs.levels.furnish import furnish
from daedalus.envs.levels.levels import Levels
from daedalus.envs.levels.names import Each, Generator, Layout, Split
from daedalus.envs.levels.sets import split_of, union
from daedalus.envs.levels.tiles import drawn_tiles
from daedalus.envs.naming import TimeLimit, at_least, check_slip, typed
from daedalus.envs.tiling import ACTIONS, grid_world

_TEST_SHARE = 0.2  # where none is given
_TRIES = 20  # mazes drawn for each that a set needs, before it is said that there are not so many


def maze(
    rows: int = 10,
    columns: int = 10,
    generator: Generator = "depth_first",
    slip: float = 0.0,
    seed: int = 0,
    time_limit: TimeLimit = "auto",
    braid: float = 0.0,
    goals: int = 1,
    layout: Layout = "fixed",
    levels: int = 1,
    split: Split = "all",
    test_share: float = _TEST_SHARE,
    keys: int = 0,
    portals: int = 0,
    one_way: int = 0,
) -> World | Levels:
    """A maze: perfect, with loops, or of rooms; one, a set of them, or another one each time.

    ## Description
    Find the way from the top left to the bottom right. Cells lie at odd rows and columns of the tiles, so 10 × 10
    cells are 21 × 21 tiles; walls and the open passages between cells are tiles, too. In a perfect maze there is
    exactly one path between any two cells. `generator="depth_first"` carves long winding corridors, `"prim"` and
    `"kruskal"` many short dead ends, `"division"` straight walls; `"wilson"` and `"aldous_broder"` draw uniformly
    from all spanning trees of the grid; `"rooms"` joins rooms by corridors and fills the rest.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. Moving into a wall stays put.

    ## Observation Space
    `Discrete(2 · rows · columns - 1)` for a perfect maze: the index of the tile among all that are not wall, in
    reading order; in a set of levels, those of the first level first; with keys, as many for each set of keys held.
    With a layout for each seed `Discrete((2 · rows + 1) · (2 · columns + 1))`: the number of the tile, walls counted.
    With one for each episode `observation` must be "symbolic", "pixels", "view" or "heading_view".

    ## Starting State
    The top left cell; in a set of levels, that of any level.

    ## Rewards
    -1 a step, 0 for the step into a goal.

    ## Episode End
    Terminates at a goal, truncates after `time_limit` steps.

    ## Arguments
    - `rows`, `columns`: cells; at least two cells in all.
    - `generator`: "depth_first", "prim", "kruskal", "wilson", "aldous_broder", "division" or "rooms".
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `seed`: draws the layout, which resets never change unless `layout` says so.
    - `time_limit`: steps, none, or "auto" for two steps a tile, and as many again for each key.
    - `braid`: the share of closed passages between cells that is opened for loops, those at dead ends first. A
      perfect maze gets exactly ⌊braid · (rows - 1) · (columns - 1) + ½⌋ loops.
    - `goals`: how many; the first is the bottom right cell, the others are drawn. Where every seed or episode draws
      its layout, mazes of rooms with too few cells for all have as many as fit.
    - `layout`: "fixed"; "per_seed" (the seed of a reset draws the maze, and that of each learner in a comparison);
      "per_episode" (every reset draws another, for an observation that shows it).
    - `levels`: how many mazes, all different, make up a set, an episode starting in any of them; the state is level
      and place, so that all of the set is solved exactly.
    - `split`: "all" of a set, "train" (its first levels) or "test" (its last); `test_share`: the share of the last.
    - `keys`: how many keys lie in the maze, each with a door on the way (0 to 6); where loops (`braid`, rooms),
      portals or other doors' ways leave another way, a door can be walked around. `portals`: how many pairs of tiles
      of which each leads to the other (0 to 9); `one_way`: how many tiles cannot be passed against their arrow.
      `seed` draws their places, so that every tile can be reached and nobody is ever trapped. With one fixed layout.

    ## References
    D. Wilson, Generating random spanning trees more quickly than the cover time, STOC 1996.
    D. Aldous, The random walk construction of uniform spanning trees and uniform labelled trees, 1990.
    A. Broder, Generating random spanning trees, FOCS 1989.

    ## Version History
    - v0: first version.
    """
    given = {
        "rows": rows, "columns": columns, "generator": generator, "slip": slip, "seed": seed, "time_limit": time_limit,
        "braid": braid, "goals": goals, "layout": layout, "levels": levels, "split": split, "test_share": test_share,
        "keys": keys, "portals": portals, "one_way": one_way,
    }  # fmt: skip
    name = typed("daedalus/Maze-v0", maze, given)
    _check(name, given)
    _check_layout(name, given)
    if layout != "fixed":
        each: Each = "seed" if layout == "per_seed" else "episode"
        limit = 2 * (2 * rows + 1) * (2 * columns + 1)
        horizon = limit if time_limit == "auto" else time_limit
        return Levels(name, rows, columns, generator, braid, goals, slip, horizon, each)
    if levels > 1:
        drawn = _different_tiles(name, generator, rows, columns, seed, braid, goals, levels)
        _check_goals(name, drawn, goals)
        part = split_of(name, levels, split, test_share)
        chosen = [grid_world(name, tiles, slip, time_limit) for tiles in drawn[part]]
        return union(name, chosen, part.indices(levels)[0], levels)
    tiles = maze_tiles(generator, rows, columns, seed, braid, goals)
    _check_goals(name, [tiles], goals)
    return grid_world(name, tiles, slip, time_limit, things=furnish(name, tiles, seed, keys, portals, one_way))


def maze_tiles(generator: Generator, rows: int, columns: int, seed: int, braid: float = 0.0, goals: int = 1) -> Pixels:
    """The maze that `seed` draws as tiles, (2·rows + 1, 2·columns + 1), start top left and goal bottom right."""
    tiles: Pixels = drawn_tiles(generator, rows, columns, stream_keys([seed], "layout"), braid, goals)[0]
    return tiles


def _different_tiles(
    name: str, generator: Generator, rows: int, columns: int, seed: int, braid: float, goals: int, levels: int
) -> list[Pixels]:
    """The first `levels` different mazes of a seed. Raises `UserError` where so many are not to be found."""
    found: dict[bytes, Pixels] = {}
    for block in range(_TRIES):
        roles = range(block * levels, (block + 1) * levels)
        keys = np.concatenate([stream_keys([seed], f"level {number}") for number in roles])
        for tiles in drawn_tiles(generator, rows, columns, keys, braid, goals):
            if len(found) < levels:
                found.setdefault(tiles.tobytes(), tiles)
        if len(found) == levels:
            return list(found.values())
    raise UserError(f"{name}: found only {len(found)} different mazes of this kind; give fewer levels or more cells")


def _check(name: str, given: dict[str, Any]) -> None:
    """Refuse a maze that cannot be. Raises `UserError`."""
    rows, columns, generator = given["rows"], given["columns"], given["generator"]
    at_least(name, 1, rows=rows, columns=columns, goals=given["goals"])
    at_least(name, 0, seed=given["seed"])
    if generator not in get_args(Generator):
        raise unknown(f"{name}: generator", generator, get_args(Generator))
    if rows * columns == 1:
        raise UserError(f"{name}: in a maze of one cell the start is the goal; give at least 2 rows or 2 columns")
    if given["goals"] >= rows * columns:
        raise UserError(f"{name}: {given['goals']} goals need more cells than {rows * columns}, the start left free")
    if not 0 <= given["braid"] <= 1:
        raise UserError(f"{name}: braid must lie in [0, 1], not {given['braid']}")
    check_slip(name, given["slip"])
    at_least(name, 1, levels=given["levels"])
    check_size(given["levels"] * (2 * rows * columns - 1), len(ACTIONS), 3 if given["slip"] else 1)


def _check_goals(name: str, drawn: list[Pixels], goals: int) -> None:
    """Refuse mazes of rooms with too few cells for all goals. Raises `UserError`."""
    room = min(int(np.count_nonzero(tiles == Tile.GOAL)) for tiles in drawn)
    if room < goals:
        raise UserError(f"{name}: these rooms have cells for {room} goals only; give fewer goals, or another seed")


def _check_layout(name: str, given: dict[str, Any]) -> None:
    """Refuse words that go with another layout. Raises `UserError`."""
    layout, levels, split = given["layout"], given["levels"], given["split"]
    for key, value, choices in (("layout", layout, get_args(Layout)), ("split", split, get_args(Split))):
        if value not in choices:
            raise unknown(f"{name}: {key}", value, choices)
    if not 0 <= given["test_share"] <= 1:
        raise UserError(f"{name}: test_share must lie in [0, 1], not {given['test_share']}")
    if (layout != "fixed" or levels > 1) and (given["keys"] or given["portals"] or given["one_way"]):
        raise UserError(f"{name}: keys, portals and one_way go with one fixed layout; leave layout and levels out")
    if layout != "fixed" and levels > 1:
        raise UserError(f"{name}: a set of levels is fixed; leave levels or layout out")
    if layout != "fixed" and given["seed"]:
        raise UserError(f"{name}: every seed and episode draws its own layout; leave seed out, or take layout=fixed")
    if split == "all" and given["test_share"] != _TEST_SHARE:
        raise UserError(f"{name}: test_share parts a set of levels; give split=train or split=test, or leave it out")
    if levels == 1 and split != "all":
        raise UserError(f"{name}: split={split} needs a set of levels; give levels=100, say")
