"""Loops and goals for a maze that is already carved, drawn from far along the same stream."""

import numpy as np

from daedalus.core.arrays import Pixels, States
from daedalus.core.compiled import compiled
from daedalus.core.draws import uniform

from .passages import first_cell, neighbour, passage, second_cell, ways

_LOOPS, _GOALS = np.uint64(2**62), np.uint64(2**63)  # where their draws begin; no maze is carved with as many


@compiled
def braid_into(passages: Pixels, rows: int, columns: int, braid: float, key: np.uint64) -> None:
    """Open ⌊braid · M + ½⌋ of the M closed passages between cells of the maze, at dead ends first.

    A spanning tree has M = (rows - 1)·(columns - 1), so that many loops are promised whatever drew it.
    """
    closed = np.empty(passages.size, np.int32)
    count = 0
    for edge in range(passages.size):
        if not passages[edge] and _between(passages, rows, columns, edge):
            closed[count] = edge
            count += 1
    wanted, draw, one = int(np.floor(braid * count + 0.5)), _LOOPS, np.uint64(1)
    ends = np.empty(rows * columns, np.int32)
    left = 0
    for cell in range(rows * columns):
        if wanted and ways(passages, rows, columns, cell) == 1:
            ends[left] = cell
            left += 1
    while wanted and left:
        pick = int(uniform(key, draw) * left)
        cell, left = ends[pick], left - 1
        ends[pick] = ends[left]
        wanted -= _open_end(passages, rows, columns, cell, uniform(key, np.uint64(draw + one)))
        draw = np.uint64(draw + one + one)
    while wanted:
        pick = int(uniform(key, draw) * count)
        edge, count, draw = closed[pick], count - 1, np.uint64(draw + one)
        closed[pick] = closed[count]
        wanted -= 1 - passages[edge]
        passages[edge] = 1


@compiled
def _between(passages: Pixels, rows: int, columns: int, edge: int) -> bool:
    """Whether both cells of a passage are part of the maze."""
    one, other = first_cell(edge, rows, columns), second_cell(edge, rows, columns)
    return ways(passages, rows, columns, one) > 0 and ways(passages, rows, columns, other) > 0


@compiled
def _open_end(passages: Pixels, rows: int, columns: int, cell: int, u: float) -> int:
    """Open one of a dead end's closed passages; how many it opened: 0 where it is a dead end no more, or must stay."""
    if ways(passages, rows, columns, cell) != 1:
        return 0
    free = np.empty(4, np.int64)
    count = 0
    for move in range(4):
        there = neighbour(cell, move, rows, columns)
        if there == cell or not ways(passages, rows, columns, there):
            continue
        if not passages[passage(cell, move, rows, columns)]:
            free[count] = passage(cell, move, rows, columns)
            count += 1
    if count:
        passages[free[int(u * count)]] = 1
    return min(count, 1)


@compiled
def goals_into(goals: States, passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Draw the cells of the goals, (G,): the bottom right, then others, all different; never the top left.

    Where the maze has too few cells for so many, the bottom right stands for those that are missing.
    """
    goals[:] = rows * columns - 1
    if goals.size == 1:
        return
    cells = np.empty(rows * columns, np.int32)
    left = 0
    for cell in range(1, rows * columns - 1):
        if ways(passages, rows, columns, cell):
            cells[left] = cell
            left += 1
    for g in range(1, min(goals.size, left + 1)):
        pick = int(uniform(key, np.uint64(_GOALS + np.uint64(g))) * left)
        left -= 1
        goals[g] = cells[pick]
        cells[pick] = cells[left]
