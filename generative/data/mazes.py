"""Mazes as examples, without end: made by index, so that a run's seed changes the model alone.

A busy core of a 2-core x86-64 machine (Zen 4) makes 550,000 of 5 × 5 cells a second as edges, 280,000 as tiles.
"""

from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Ints, Pixels
from daedalus.core.data import LOG_PROBABILITY, PERFECT, SQUARED_ERROR, Column, Data, Made, Measure
from daedalus.core.errors import UserError
from daedalus.core.indexed import keys
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec
from daedalus.core.world import Tile
from daedalus.envs.levels.names import Generator
from daedalus.envs.levels.passages import edges
from daedalus.envs.levels.tiles import tiles_of

from .trees import edge_chances, independent_nll, independent_perfect, log_trees

Layout = Literal["edges", "tiles"]
Task = Literal["density", "sampling", "reconstruction"]

_UNIFORM = ("wilson", "aldous_broder")
MOST_CELLS = 64  # along a side


def mazes(
    n: int = 5,
    rows: int | None = None,
    columns: int | None = None,
    generator: Generator = "wilson",
    layout: Layout = "edges",
    task: Task = "density",
    braid: float = 0.0,
    examples: int | None = None,
    tested: int = 2_000,
) -> Data:
    """Mazes of n × n cells, or of rows × columns, as bits: 1 is a way.

    With layout "edges" x (E,) has a bit for each passage (`daedalus.envs.levels.passages`), with "tiles" x is
    (1, 2·rows + 1, 2·columns + 1). Every training example is another draw, unless only so many `examples` are made;
    `tested` validate and as many test. Parts read streams of their own; where there are few mazes at all (192 of 3 × 3)
    all of them are in every part. The generators "wilson" and "aldous_broder" draw uniformly from all perfect mazes:
    of these the ceiling is minus the logarithm of their number, and chance that of edges drawn each by itself.
    """
    rows, columns = n if rows is None else rows, n if columns is None else columns
    _check(rows, columns, generator, task, braid, examples, tested)

    def part(name: str, size: int | None) -> Made:
        key = stream_key(0, f"mazes/{name}")

        def make(indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
            return {"x": drawn(indices, key, rows, columns, generator, layout, braid)}

        return Made(make, size)

    tiles = (1, 2 * rows + 1, 2 * columns + 1)
    measure, ceiling, chance = judged(task, rows, columns, generator in _UNIFORM and not braid)
    return Data(
        "mazes",
        task,
        {"x": Column(tiles if layout == "tiles" else (edges(rows, columns),), "uint8", 2)},
        part("train", examples),
        part("validation", tested),
        part("test", tested),
        measure,
        ceiling,
        chance,
        notes=(f"{rows} × {columns} cells by {generator}", "made by index, each part from a stream of its own"),
        form=Spec("maze", (("rows", rows), ("columns", columns), ("layout", layout))),
    )


def drawn(
    indices: Ints, key: int, rows: int, columns: int, generator: Generator, layout: Layout, braid: float = 0.0
) -> Pixels:
    """The mazes of these indices in the stream `key`, (B, E) or (B, 1, 2·rows + 1, 2·columns + 1)."""
    from daedalus.envs.levels.generating import passages

    passages_BE: Pixels = passages(generator, rows, columns, keys(key, indices), braid)
    if layout == "edges":
        return passages_BE
    return np.asarray(open_tiles(passages_BE, rows, columns, generator == "rooms")[:, None])


def open_tiles(passages_BE: Pixels, rows: int, columns: int, rooms: bool = False) -> Pixels:
    """Mazes as tiles, (B, 2·rows + 1, 2·columns + 1), 1 on open floor."""
    return np.asarray(tiles_of(passages_BE, rows, columns, rooms) == Tile.FLOOR, np.uint8)


def judged(task: Task, rows: int, columns: int, uniform: bool) -> tuple[Measure, float | None, float | None]:
    """The measure of a task, the best that can be reached, and what edges drawn or guessed each by itself reach."""
    if task == "density":
        known = (-log_trees(rows, columns), -independent_nll(rows, columns))
        return LOG_PROBABILITY, *(known if uniform else (None, None))
    if task == "sampling":
        return PERFECT, 1.0, independent_perfect(rows, columns) if uniform else None
    p_E = edge_chances(rows, columns)
    return SQUARED_ERROR, 0.0, -float((p_E * (1 - p_E)).sum()) if uniform else None


def _check(
    rows: int, columns: int, generator: Generator, task: Task, braid: float, examples: int | None, tested: int
) -> None:
    for name, cells in (("rows", rows), ("columns", columns)):
        if not 2 <= cells <= MOST_CELLS:
            raise UserError(f"mazes: {name} must lie between 2 and {MOST_CELLS} cells, not {cells}")
    if not 0 <= braid <= 1:
        raise UserError(f"mazes: braid must lie in [0, 1], not {braid:g}")
    for name, number in (("examples", examples), ("tested", tested)):
        if number is not None and number < 2:
            raise UserError(f"mazes: {name} must be at least 2, not {number}")
    if task == "sampling" and (braid or generator == "rooms"):
        why = f"braid={braid:g}" if braid else "generator=rooms"
        raise UserError(f"mazes: samples are judged by how many are perfect, and with {why} none is; try task=density")
