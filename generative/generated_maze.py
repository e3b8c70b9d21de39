"""Mazes that a fitted model draws, as a world: what it knows of mazes is seen by who learns in them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from daedalus.core.arrays import Bools, Pixels
from daedalus.core.data import Data, load_data
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import check_size
from daedalus.core.rng import generator, stream_key
from daedalus.core.spec import Spec
from daedalus.core.world import Observation, Schedule, Tile, World
from daedalus.envs.levels.sets import elsewhere, union
from daedalus.envs.levels.tiles import tiles_of
from daedalus.envs.naming import TimeLimit, at_least, check_slip, typed
from daedalus.envs.tiling import ACTIONS, grid_world

from .data.mazes import MOST_CELLS
from .data.trees import edge_chances, ends

Invalid = Literal["reject", "repair"]
Tested = Literal["same", "real"]

NAME = "daedalus/GeneratedMaze-v0"

#: The model that is asked where no run is given.
INDEPENDENT = "independent"

_CELLS = 5  # along a side of what "independent" draws, unless told
_BLOCK, _TRIES = 64, 50  # levels that are drawn at a time, at least; and for each that is wanted, at most


def generated_maze(
    model: str = INDEPENDENT,
    rows: int | None = None,
    columns: int | None = None,
    levels: int = 10,
    invalid: Invalid = "repair",
    tested: Tested = "same",
    slip: float = 0.0,
    seed: int = 0,
    time_limit: TimeLimit = "auto",
    label: str = "",
    model_seed: int = 0,
) -> World | Schedule:
    """Perfect mazes drawn by a fitted model: a set of levels, tested on themselves or on real ones.

    ## Description
    Find the way from the top left to the bottom right of mazes as in `daedalus/Maze-v0`, which a model draws that was
    fitted to the data set `mazes`. What it draws may be no perfect maze: then it is rejected, or repaired to one
    with as many of its passages as can be. A maze that came before is left out. What became of all that was drawn is
    counted in `World.made`, and told in `info["made"]` of every reset.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. Moving into a wall stays put.

    ## Observation Space
    `Discrete(levels · (2 · rows · columns - 1))`: the index of the tile among all that are not wall, in reading order,
    those of the first level first. With tested="real" the planes of observation="symbolic", unless another observation
    that shows the level is asked for.

    ## Starting State
    The top left cell of any level.

    ## Rewards
    -1 a step, 0 for the step into a goal.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps.

    ## Arguments
    - `model`: the folder of a run of `daedalus fit MODEL --data mazes`, or its name under runs/; or "independent",
      which opens each passage by itself, as often as it is open in uniformly drawn mazes.
    - `rows`, `columns`: cells; those of the run's data set, which nothing else fits, or 5 of "independent".
    - `levels`: how many mazes, all different, make up the set, an episode starting in any of them.
    - `invalid`: "reject" or "repair" what is no perfect maze.
    - `tested`: where learners are judged: in the "same" levels, or in as many "real" ones, of the data set's test part,
      in which nobody learns.
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `seed`: draws the levels.
    - `time_limit`: steps, none, or "auto" for two steps a tile.
    - `label`: which model of the run, where it holds several; `model_seed`: which of its seeds.

    ## References
    None: this world is of this suite. Kirchhoff's theorem (1847) gives the chances of "independent".

    ## Version History
    - v0: first version.
    """
    given = {
        "model": model, "rows": rows, "columns": columns, "levels": levels, "invalid": invalid, "tested": tested,
        "slip": slip, "seed": seed, "time_limit": time_limit, "label": label, "model_seed": model_seed,
    }  # fmt: skip
    name = typed(NAME, generated_maze, given)
    _check(name, given)
    source = _source(name, model, rows, columns, label, model_seed)
    check_size(levels * (2 * source.rows * source.columns - 1), len(ACTIONS), 3 if slip else 1)

    def world(passages_NE: Pixels, made: dict[str, int]) -> World:
        mazes = [
            grid_world(name, tiles, slip, time_limit) for tiles in furnished(passages_NE, source.rows, source.columns)
        ]
        return replace(union(name, mazes), made=made)

    drawn = world(*collected(name, source, levels, invalid, seed))
    if tested == "same":
        return drawn
    shown = Observation("symbolic")
    real = world(real_levels(name, source.data, levels), {})
    return elsewhere(name, replace(drawn, observation=shown), replace(real, observation=shown))


class Source(NamedTuple):
    """Where levels come from: so many under a seed as the floor of each, (n, 2·rows + 1, 2·columns + 1)."""

    draw: Callable[[int, int], Bools]
    rows: int
    columns: int
    data: Data  # the real ones


def collected(name: str, source: Source, levels: int, invalid: Invalid, seed: int) -> tuple[Pixels, dict[str, int]]:
    """The first `levels` different perfect mazes that are drawn, as passages (levels, E), and the counts of all.

    Raises `UserError` where so many are not to be found.
    """
    found: dict[bytes, Pixels] = {}
    mended = "rejected" if invalid == "reject" else "repaired"
    made = {"drawn": 0, mended: 0, "repeated": 0}
    rng = generator(seed, "generated/repair")
    for block in range(_TRIES):
        floor_NHW = source.draw(max(levels, _BLOCK), stream_key(seed, f"generated/{block}") % 2**31)
        for passages, perfect in zip(*judged(floor_NHW), strict=True):
            made["drawn"] += 1
            made[mended] += not perfect
            if not perfect and invalid == "reject":
                continue
            whole = passages if perfect else repaired(passages, source.rows, source.columns, rng)
            made["repeated"] += whole.tobytes() in found
            found.setdefault(whole.tobytes(), whole)
            if len(found) == levels:
                return np.stack(list(found.values())), made | {"kept": levels}
    told = ", ".join(f"{number:,} {what}" for what, number in made.items())
    advice = "invalid=repair, fewer levels" if invalid == "reject" else "fewer levels"
    raise UserError(f"{name}: only {len(found)} different mazes were found ({told}); try {advice} or a better model")


def judged(floor_NHW: Bools) -> tuple[Pixels, Bools]:
    """The passages of levels, (N, E), and which levels are perfect mazes, (N,)."""
    from .metrics.levels import levels

    rows, columns = floor_NHW.shape[1] // 2, floor_NHW.shape[2] // 2
    form = Spec("maze", (("rows", rows), ("columns", columns), ("layout", "tiles")))
    east, south = floor_NHW[:, 1::2, 2:-2:2], floor_NHW[:, 2:-2:2, 1::2]
    n = len(floor_NHW)
    passages_NE = np.concatenate([east.reshape(n, -1), south.reshape(n, -1)], axis=1).astype(np.uint8)
    return passages_NE, levels(form, floor_NHW[:, None].astype(np.uint8)).perfect


def repaired(passages_E: Pixels, rows: int, columns: int, rng: np.random.Generator) -> Pixels:
    """A perfect maze with as many of these passages as one can have, chosen at random, and others where it must.

    It is a least spanning tree in which what is open costs less (Kruskal 1956).
    """
    first, second = ends(rows, columns).T
    cost_E = np.where(passages_E > 0, 1.0, 2.0) + 0.5 * rng.random(len(passages_E))
    tree = minimum_spanning_tree(coo_array((cost_E, (first, second)), shape=(rows * columns, rows * columns)))
    chosen = set(zip(*(ends_.tolist() for ends_ in tree.nonzero()), strict=True))
    return np.array([pair in chosen for pair in zip(first.tolist(), second.tolist(), strict=True)], dtype=np.uint8)


def real_levels(name: str, data: Data, levels: int) -> Pixels:
    """The first different mazes of a data set's test part, as passages (levels, E)."""
    from .metrics.levels import floor_of

    size = data.test.size
    assert size is not None, "test parts are finite"
    passages_NE, perfect_N = judged(floor_of(data.form, data.test.take(np.arange(size))["x"]))
    _, first = np.unique(passages_NE, axis=0, return_index=True)
    chosen = np.sort(first[perfect_N[first]])[:levels]
    if len(chosen) < levels:
        raise UserError(f"{name}: the test part has only {len(chosen)} different perfect mazes; give fewer levels")
    return np.asarray(passages_NE[chosen])


def furnished(passages_NE: Pixels, rows: int, columns: int) -> Pixels:
    """Mazes as tiles, (N, 2·rows + 1, 2·columns + 1), start top left and goal bottom right."""
    tiles = tiles_of(passages_NE, rows, columns)
    tiles[:, 1, 1], tiles[:, -2, -2] = Tile.START, Tile.GOAL
    return tiles


def _source(name: str, model: str, rows: int | None, columns: int | None, label: str, model_seed: int) -> Source:
    if model == INDEPENDENT:
        if label or model_seed:
            raise UserError(f"{name}: label and model_seed choose among the models of a run; give model=RUN, too")
        return _independent(_CELLS if rows is None else rows, _CELLS if columns is None else columns)
    return _fitted(name, model, rows, columns, label, model_seed)


def _independent(rows: int, columns: int) -> Source:
    """Each passage by itself, as often as it is open in uniformly drawn mazes."""
    chance_E = edge_chances(rows, columns)

    def draw(n: int, seed: int) -> Bools:
        passages_NE = generator(seed, "generated/independent").random((n, len(chance_E))) < chance_E
        return cells_open(passages_NE.astype(np.uint8), rows, columns)

    return Source(draw, rows, columns, load_data(Spec("mazes", (("rows", rows), ("columns", columns)))))


def cells_open(passages_NE: Pixels, rows: int, columns: int) -> Bools:
    """The floor of mazes given as passages, every cell floor."""
    from .metrics.levels import floor_of

    return floor_of(Spec("maze", (("rows", rows), ("columns", columns))), passages_NE)


def _fitted(name: str, model: str, rows: int | None, columns: int | None, label: str, model_seed: int) -> Source:
    """What a stored model draws. Raises `UserError` for a run of other data, of another size, or not finished."""
    from daedalus.core.lab.fits import stored
    from daedalus.core.lab.sampling import Asked
    from daedalus.core.lab.sampling import draw as samples
    from daedalus.core.lab.store.run import open_named

    from .metrics.levels import floor_of, is_maze

    try:
        one = stored(open_named(Path(model)), label, model_seed)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    form = one.data.form
    if not is_maze(form):
        raise UserError(
            f"{name}: {model} was fitted to {one.data.name}, not to mazes; `daedalus fit made --data mazes`"
        )
    size = {"rows": form.mapping["rows"], "columns": form.mapping["columns"]}
    for key, asked in (("rows", rows), ("columns", columns)):
        if asked is not None and asked != size[key]:
            raise UserError(f"{name}: {model} draws mazes of {size[key]} {key}, not {asked}; leave {key} out")

    def draw(n: int, seed: int) -> Bools:
        return floor_of(form, samples(one, Asked(n, seed)).numpy())

    return Source(draw, size["rows"], size["columns"], one.data)


def _check(name: str, given: dict[str, Any]) -> None:
    for key, choices in (("invalid", get_args(Invalid)), ("tested", get_args(Tested))):
        if given[key] not in choices:
            raise unknown(f"{name}: {key}", str(given[key]), choices)
    for key in ("rows", "columns"):
        if given[key] is not None and not 2 <= given[key] <= MOST_CELLS:
            raise UserError(f"{name}: {key} must lie between 2 and {MOST_CELLS} cells, not {given[key]}")
    at_least(name, 1, levels=given["levels"])
    at_least(name, 0, seed=given["seed"], model_seed=given["model_seed"])
    check_slip(name, given["slip"])
