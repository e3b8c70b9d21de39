"""Line of sight, exactly: which tiles of a window the straight segment from the eye to a tile's centre passes through.

A tile that can be seen through is seen if its segment meets the interior of no opaque tile (touching a corner or an
edge is allowed); an opaque tile is seen if it touches one of those, corners included. Windows are square, of an odd
`size`; as a bitboard the tile in row i and column j of a window is bit 8·i + j of 64. So windows go up to 7 × 7, and
the bits in between guard a row from the next when a board is shifted.
"""

from typing import NamedTuple

import numpy as np

from daedalus.core.arrays import Bools, Ints, Keys
from daedalus.core.compiled import inlined

#: Bits from one row of a bitboard to the next.
STRIDE = 8

_ONE, _ROW = np.uint64(1), np.uint64(STRIDE)


class Sightlines(NamedTuple):
    """Bitboards of a window for each way H the eye may look (1: the window does not turn with it; else 4).

    The window lies as the grid does, its tiles k in the order in which they are shown: with the agent looking up.
    """

    corner: Ints  # (H, 2), row and column of the window's top left tile, counted from the eye
    bit: Ints  # (H, size²), the bit of each tile
    between: Keys  # (H, size²), the bits of the tiles that its segment passes through, neither end included


def passed(rows: int, columns: int) -> Bools:
    """The tiles whose interior the segment from tile (0, 0) to tile (rows, columns) meets, neither end included.

    (|rows| + 1, |columns| + 1), counted from (0, 0) towards the other end. Integers only: along the segment,
    t = 0 … 2·a·b, it is within tile i's rows for (2·i - 1)·b < t < (2·i + 1)·b, and so for columns.
    """
    down, right = abs(rows), abs(columns)
    a, b = max(down, 1), max(right, 1)
    i, j = np.arange(down + 1)[:, None], np.arange(right + 1)[None, :]
    row_from, row_to = ((2 * i - 1) * b, (2 * i + 1) * b) if down else (-1, 2 * a * b + 1)
    column_from, column_to = ((2 * j - 1) * a, (2 * j + 1) * a) if right else (-1, 2 * a * b + 1)
    meets: Bools = np.maximum(row_from, column_from) < np.minimum(row_to, column_to)
    meets = np.broadcast_to(meets, (down + 1, right + 1)).copy()
    meets[0, 0] = meets[-1, -1] = False
    return meets


def passed_in(size: int, eye: tuple[int, int]) -> Bools:
    """For each tile of a window, the tiles between it and the eye, (size, size, size, size); any size."""
    between = np.zeros((size,) * 4, dtype=np.bool_)
    for row in range(size):
        for column in range(size):
            down, right = row - eye[0], column - eye[1]
            rows = eye[0] + np.arange(abs(down) + 1) * (1 if down >= 0 else -1)
            columns = eye[1] + np.arange(abs(right) + 1) * (1 if right >= 0 else -1)
            between[row, column][np.ix_(rows, columns)] = passed(down, right)
    return between


def sightlines(size: int, turning: bool) -> Sightlines:
    """The bitboards of a window with the eye in its middle or, `turning`, at the middle of its near side."""
    half, far = size // 2, size - 1
    eyes = ((far, half), (half, 0), (0, half), (half, far)) if turning else ((half, half),)
    weight = _ONE << (np.arange(size)[:, None] * STRIDE + np.arange(size)).astype(np.uint64)
    bit, between = [], []
    for heading, eye in enumerate(eyes):
        # a quarter turn of the window to the left brings what is right of the grid to the top
        order = np.rot90(np.arange(size * size).reshape(size, size), heading).ravel()
        boards = np.where(passed_in(size, eye), weight, np.uint64(0)).sum(axis=(2, 3), dtype=np.uint64)
        between.append(boards.ravel()[order])
        bit.append(order // size * STRIDE + order % size)
    return Sightlines(-np.array(eyes, dtype=np.int64), np.array(bit, dtype=np.int64), np.array(between))


@inlined
def whole(size: int) -> np.uint64:
    """The board of all tiles of a window."""
    row = np.uint64(np.uint64(_ONE << np.uint64(size)) - _ONE)
    board = np.uint64(0)
    for i in range(size):
        board |= np.uint64(row << np.uint64(STRIDE * i))
    return board


@inlined
def seen_board(opaque: np.uint64, bit: Ints, between: Keys, window: np.uint64) -> np.uint64:
    """The board of what is seen where `opaque` blocks; `bit` and `between` (size²,), `window` from `whole`."""
    clear = np.uint64(0)
    for k in range(between.size):
        lit = np.uint64(np.uint64(between[k] & opaque) == np.uint64(0))
        clear |= np.uint64(lit << np.uint64(bit[k]))
    clear &= np.uint64(~opaque)
    wide = np.uint64(clear | np.uint64(clear << _ONE) | np.uint64(clear >> _ONE))
    near = np.uint64(wide | np.uint64(wide << _ROW) | np.uint64(wide >> _ROW))
    return np.uint64(clear | np.uint64(near & np.uint64(opaque & window)))
