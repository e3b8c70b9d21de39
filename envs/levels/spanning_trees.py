"""Perfect mazes: random spanning trees of a grid of cells, compiled.

A maze of R rows and C columns is a row of E = R·(C-1) + (R-1)·C bits, its passages: first those to the east, of
every cell but the last of a row, row by row; then those to the south, of every cell but the last row's.
"""

import numpy as np

from daedalus.core.arrays import Keys, Pixels
from daedalus.core.compiled import compiled
from daedalus.core.draws import bits, uniform

_OUTSIDE = np.uint8(255)


@compiled
def _open(passages: Pixels, rows: int, columns: int, cell: int, move: int) -> None:
    """Open the passage from `cell` in direction `move` (0 up, 1 right, 2 down, 3 left)."""
    row, column = cell // columns, cell % columns
    if move == 1 or move == 3:
        passages[row * (columns - 1) + column - (1 if move == 3 else 0)] = 1
    else:
        passages[rows * (columns - 1) + cell - (columns if move == 0 else 0)] = 1


@compiled
def depth_first_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Carve one maze by random depth-first search from the top left into `passages`, (E,) zeros.

    The way back is kept as one byte a cell, so nothing recurses and large mazes fit.
    """
    wide = columns + 2
    shift = (-wide, 1, wide, -1)
    came = np.zeros((rows + 2) * wide, np.uint8)  # 1 + the move that led here; 0: not yet visited
    came[:wide] = _OUTSIDE
    came[-wide:] = _OUTSIDE
    came[::wide] = _OUTSIDE
    came[wide - 1 :: wide] = _OUTSIDE
    here = root = wide + 1
    came[root] = _OUTSIDE
    free = np.empty(4, np.int64)
    draw = np.uint64(0)
    while True:
        count = 0
        for move in range(4):
            if came[here + shift[move]] == 0:
                free[count] = move
                count += 1
        if count:
            move = free[int(uniform(key, draw) * count)]
            draw = np.uint64(draw + np.uint64(1))
            _open(passages, rows, columns, (here // wide - 1) * columns + here % wide - 1, move)
            here += shift[move]
            came[here] = np.uint8(move + 1)
        elif here == root:
            return
        else:
            here -= shift[came[here] - 1]


@compiled
def wilson_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Draw one maze uniformly from all spanning trees into `passages`, (E,) zeros (Wilson 1996).

    Loop-erased random walks: each cell remembers only its last way out. A step off the grid stays put, a loop
    that the erasure removes. The root is the middle cell, which walks find soonest.
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
            there = _step(here, move, rows, columns)
            if there != here:
                way_out[here] = np.uint8(move)
                here = there
        here = begin
        while not within[here]:
            within[here] = True
            move = int(way_out[here])
            _open(passages, rows, columns, here, move)
            here = _step(here, move, rows, columns)


@compiled
def _step(cell: int, move: int, rows: int, columns: int) -> int:
    if move == 0:
        return cell - columns if cell >= columns else cell
    if move == 2:
        return cell + columns if cell < (rows - 1) * columns else cell
    column = cell % columns
    if move == 1:
        return cell + 1 if column < columns - 1 else cell
    return cell - 1 if column > 0 else cell


@compiled
def depth_first(rows: int, columns: int, keys_N: Keys) -> Pixels:
    """One depth-first maze per key, (N, E) uint8."""
    passages_NE = np.zeros((len(keys_N), rows * (columns - 1) + (rows - 1) * columns), np.uint8)
    for n in range(len(keys_N)):
        depth_first_into(passages_NE[n], rows, columns, keys_N[n])
    return passages_NE


@compiled
def wilson(rows: int, columns: int, keys_N: Keys) -> Pixels:
    """One uniform maze per key, (N, E) uint8."""
    passages_NE = np.zeros((len(keys_N), rows * (columns - 1) + (rows - 1) * columns), np.uint8)
    for n in range(len(keys_N)):
        wilson_into(passages_NE[n], rows, columns, keys_N[n])
    return passages_NE
