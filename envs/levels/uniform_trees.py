"""Mazes drawn uniformly from all spanning trees of the grid. Each is carved into zeros (`passages`).

Both are random walks. A step off the grid stays put, which leaves the laws as they are.
"""

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.compiled import compiled
from daedalus.core.draws import bits

from .passages import neighbour, passage


@compiled
def wilson_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Loop-erased random walks (Wilson 1996): each cell remembers only its last way out.

    The root is the middle cell, which walks find soonest.
    """
    cells = rows * columns
    within = np.zeros(cells, np.bool_)
    way_out = np.zeros(cells, np.uint8)
    within[(rows // 2) * columns + columns // 2] = True
    draw, word, left = np.uint64(0), np.uint64(0), 0
    for begin in range(cells):
        here = begin
        while not within[here]:
            if left == 0:
                word, draw, left = bits(key, draw), np.uint64(draw + np.uint64(1)), 32
            move = int(np.uint64(word & np.uint64(3)))
            word, left = np.uint64(word >> np.uint64(2)), left - 1
            there = neighbour(here, move, rows, columns)
            if there != here:
                way_out[here] = np.uint8(move)
                here = there
        here = begin
        while not within[here]:
            within[here] = True
            move = int(way_out[here])
            passages[passage(here, move, rows, columns)] = 1
            here = neighbour(here, move, rows, columns)


@compiled
def aldous_broder_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """One random walk until every cell was met; the first step into a cell opens (Aldous 1990, Broder 1989)."""
    met = np.zeros(rows * columns, np.bool_)
    here, left_to_meet = 0, rows * columns - 1
    met[here] = True
    draw, word, left = np.uint64(0), np.uint64(0), 0
    while left_to_meet:
        if left == 0:
            word, draw, left = bits(key, draw), np.uint64(draw + np.uint64(1)), 32
        move = int(np.uint64(word & np.uint64(3)))
        word, left = np.uint64(word >> np.uint64(2)), left - 1
        there = neighbour(here, move, rows, columns)
        if not met[there]:
            met[there] = True
            left_to_meet -= 1
            passages[passage(here, move, rows, columns)] = 1
        here = there
