"""Rooms with corridors, written as passages: all of a room's are open, and cells that are in no way are left out.

After R. Nystrom, "Rooms and Mazes" (2014): rooms are laid at random, everything is joined, and dead ends that lead
to no room are filled again. One room covers the top left cell and one the bottom right. A room of h × w cells
brings (h - 1)·(w - 1) loops; the corridors bring none.
"""

import numpy as np

from daedalus.core.arrays import Bools, Pixels, States
from daedalus.core.compiled import compiled
from daedalus.core.draws import uniform

from .joining import join_at_random
from .passages import neighbour, passage, ways

_LARGEST = 4  # cells along a room's side


@compiled
def rooms_into(passages: Pixels, rows: int, columns: int, key: np.uint64) -> None:
    """Carve one maze of rooms into zeros."""
    cells = rows * columns
    home = np.arange(cells).astype(np.int32)  # the room's first cell; a cell in no room is its own home
    in_room = np.zeros(cells, np.bool_)
    tries = 2 + cells // 3
    one = np.uint64(1)
    for k in range(tries):
        draw = np.uint64(4 * k)
        height = _side(rows, uniform(key, draw))
        width = _side(columns, uniform(key, np.uint64(draw + one)))
        top = int(uniform(key, np.uint64(draw + one + one)) * (rows - height + 1))
        left = int(uniform(key, np.uint64(draw + one + one + one)) * (columns - width + 1))
        if k < 2:  # the rooms of the start and of the goal
            top, left = k * (rows - height), k * (columns - width)
        if k < 2 or _free(in_room, rows, columns, top, left, height, width):
            _lay(passages, home, in_room, rows, columns, top, left, height, width)
    join_at_random(passages, rows, columns, key, np.uint64(4 * tries), home)
    _fill_dead_ends(passages, in_room, rows, columns)


@compiled
def _side(most: int, u: float) -> int:
    """A room's side: 2 to 4 cells, at most half of what there is, so that the first two rooms never meet."""
    longest = max(1, min(_LARGEST, most // 2))
    shortest = min(2, longest)
    return shortest + int(u * (longest - shortest + 1))


@compiled
def _free(in_room: Bools, rows: int, columns: int, top: int, left: int, height: int, width: int) -> bool:
    """Whether no room lies there or next to it: corridors run between rooms."""
    for row in range(max(top - 1, 0), min(top + height + 1, rows)):
        for column in range(max(left - 1, 0), min(left + width + 1, columns)):
            if in_room[row * columns + column]:
                return False
    return True


@compiled
def _lay(
    passages: Pixels,
    home: States,
    in_room: Bools,
    rows: int,
    columns: int,
    top: int,
    left: int,
    height: int,
    width: int,
) -> None:
    for row in range(top, top + height):
        for column in range(left, left + width):
            cell = row * columns + column
            in_room[cell] = True
            home[cell] = top * columns + left
            if column < left + width - 1:
                passages[passage(cell, 1, rows, columns)] = 1
            if row < top + height - 1:
                passages[passage(cell, 2, rows, columns)] = 1


@compiled
def _fill_dead_ends(passages: Pixels, in_room: Bools, rows: int, columns: int) -> None:
    """Close the way into every dead end outside the rooms, and so on back along its corridor."""
    for begin in range(rows * columns):
        here = begin
        while not in_room[here] and ways(passages, rows, columns, here) == 1:
            for move in range(4):
                there = neighbour(here, move, rows, columns)
                if there != here and passages[passage(here, move, rows, columns)]:
                    passages[passage(here, move, rows, columns)] = 0
                    here = there
                    break
