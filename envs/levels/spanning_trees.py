"""Perfect mazes: random spanning trees of a grid of cells, compiled. Each carves one maze into zeros (`passages`).

None of these draws all trees alike, which gives each its look: depth-first search long winding corridors, Prim many
short dead ends around the middle, Kruskal short ones everywhere, recursive division straight walls.
"""

import numpy as np

from daedalus.core.arrays import Pixels, States
from daedalus.core.compiled import compiled, inlined
from daedalus.core.draws import uniform

from .joining import join_at_random
from .passages import edges, neighbour, passage

_OUTSIDE = np.uint8(255)


@compiled
def depth_first_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Random depth-first search from the top left.

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
            passages[passage((here // wide - 1) * columns + here % wide - 1, move, rows, columns)] = 1
            here += shift[move]
            came[here] = np.uint8(move + 1)
        elif here == root:
            return
        else:
            here -= shift[came[here] - 1]


@compiled
def prim_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Growth from the middle cell: again and again a random passage on the border of what is there opens."""
    within = np.zeros(rows * columns, np.bool_)
    border = np.empty(edges(rows, columns), np.int32)  # 4 · (a cell within) + move; each passage at most once
    count, draw = 0, np.uint64(0)
    here = (rows // 2) * columns + columns // 2
    for _ in range(rows * columns - 1):
        within[here] = True
        for move in range(4):
            if not within[neighbour(here, move, rows, columns)]:
                border[count] = 4 * here + move
                count += 1
        while within[here]:
            pick = int(uniform(key, draw) * count)
            draw = np.uint64(draw + np.uint64(1))
            cell, move = border[pick] // 4, border[pick] % 4
            count -= 1
            border[pick] = border[count]
            here = neighbour(cell, move, rows, columns)
        passages[passage(cell, move, rows, columns)] = 1


@compiled
def kruskal_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """All passages in random order; each opens if it joins two parts that were apart (Kruskal 1956)."""
    join_at_random(passages, rows, columns, key, np.uint64(0), np.arange(rows * columns).astype(np.int32))


@compiled
def division_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Recursive division: a wall with one gap across a room, across its shorter side, then in both halves again."""
    passages[:] = 1
    stack = np.empty((rows * columns, 4), np.int32)  # top, left, height, width
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, 0, rows, columns
    size, draw, one = 1, np.uint64(0), np.uint64(1)
    while size:
        size -= 1
        top, left, height, width = stack[size, 0], stack[size, 1], stack[size, 2], stack[size, 3]
        if height == 1 or width == 1:
            continue
        across = height > width or (height == width and uniform(key, draw) < 0.5)
        before = 1 + int(uniform(key, np.uint64(draw + one)) * ((height if across else width) - 1))
        gap = int(uniform(key, np.uint64(draw + one + one)) * (width if across else height))
        draw = np.uint64(draw + one + one + one)
        if across:
            for i in range(width):
                passages[passage((top + before - 1) * columns + left + i, 2, rows, columns)] = i == gap
            _push(stack, size, top, left, before, width)
            _push(stack, size + 1, top + before, left, height - before, width)
        else:
            for i in range(height):
                passages[passage((top + i) * columns + left + before - 1, 1, rows, columns)] = i == gap
            _push(stack, size, top, left, height, before)
            _push(stack, size + 1, top, left + before, height, width - before)
        size += 2


@inlined
def _push(stack: States, place: int, top: int, left: int, height: int, width: int) -> None:
    stack[place, 0], stack[place, 1], stack[place, 2], stack[place, 3] = top, left, height, width
