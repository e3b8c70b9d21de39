"""Mazes as tiles: cells lie at odd rows and columns, passages between them, and walls everywhere else."""

import numpy as np

from daedalus.core.arrays import Keys, Pixels
from daedalus.core.world import Tile

from .names import Generator


def tiles_of(passages: Pixels, rows: int, columns: int, rooms: bool = False) -> Pixels:
    """Rows of passages (…, E) as tiles of wall and floor, (…, 2·rows + 1, 2·columns + 1).

    Cells without any passage are wall. With `rooms` the corner between four open passages is floor, too.
    """
    floor = np.zeros((*passages.shape[:-1], 2 * rows + 1, 2 * columns + 1), dtype=np.bool_)
    east, several = rows * (columns - 1), passages.shape[:-1]
    floor[..., 1::2, 2:-2:2] = passages[..., :east].reshape(*several, rows, columns - 1)
    floor[..., 2:-2:2, 1::2] = passages[..., east:].reshape(*several, rows - 1, columns)
    beside = floor[..., 1::2, :-1:2] | floor[..., 1::2, 2::2]
    above = floor[..., :-1:2, 1::2] | floor[..., 2::2, 1::2]
    floor[..., 1::2, 1::2] = beside | above
    if rooms:
        across = floor[..., 1:-2:2, 2:-2:2] & floor[..., 3::2, 2:-2:2]
        floor[..., 2:-2:2, 2:-2:2] = across & floor[..., 2:-2:2, 1:-2:2] & floor[..., 2:-2:2, 3::2]
    return np.where(floor, Tile.FLOOR, Tile.WALL).astype(np.uint8)


def drawn_tiles(
    generator: Generator, rows: int, columns: int, keys_N: Keys, braid: float = 0.0, goals: int = 1
) -> Pixels:
    """The mazes that those keys draw, (N, 2·rows + 1, 2·columns + 1), with start and goals."""
    from .generating import goal_cells, passages

    passages_NE = passages(generator, rows, columns, keys_N, braid)
    tiles = tiles_of(passages_NE, rows, columns, generator == "rooms")
    tiles[:, 1, 1] = Tile.START
    for level, cells in enumerate(goal_cells(passages_NE, rows, columns, keys_N, goals)):
        tiles[level, 2 * (cells // columns) + 1, 2 * (cells % columns) + 1] = Tile.GOAL
    return tiles
