"""How a maze is written down: one bit for each passage between neighbouring cells.

A maze of R rows and C columns is a row of E = R·(C-1) + (R-1)·C bits, its passages: first those to the east, of
every cell but the last of a row, row by row; then those to the south, of every cell but the last row's.
Moves are 0 up, 1 right, 2 down, 3 left.
"""

from daedalus.core.arrays import Pixels
from daedalus.core.compiled import compiled, inlined


@inlined
def edges(rows: int, columns: int) -> int:
    """E, the passages that such a maze can have."""
    return rows * (columns - 1) + (rows - 1) * columns


@inlined
def neighbour(cell: int, move: int, rows: int, columns: int) -> int:
    """The cell that a move leads to; the cell itself where that is off the grid."""
    if move == 0:
        return cell - columns if cell >= columns else cell
    if move == 2:
        return cell + columns if cell < (rows - 1) * columns else cell
    column = cell % columns
    if move == 1:
        return cell + 1 if column < columns - 1 else cell
    return cell - 1 if column > 0 else cell


@inlined
def passage(cell: int, move: int, rows: int, columns: int) -> int:
    """The number of the passage that a move takes; it must not lead off the grid."""
    if move == 1 or move == 3:
        return cell - cell // columns - (1 if move == 3 else 0)
    return rows * (columns - 1) + cell - (columns if move == 0 else 0)


@inlined
def first_cell(edge: int, rows: int, columns: int) -> int:
    """The upper or left cell of a passage."""
    east = rows * (columns - 1)
    return edge + edge // (columns - 1) if edge < east else edge - east


@inlined
def second_cell(edge: int, rows: int, columns: int) -> int:
    """The lower or right cell of a passage."""
    step = 1 if edge < rows * (columns - 1) else columns
    return first_cell(edge, rows, columns) + step


@compiled
def ways(passages: Pixels, rows: int, columns: int, cell: int) -> int:
    """How many passages of a cell are open: 1 at a dead end, 0 where the cell is no part of the maze."""
    count = 0
    for move in range(4):
        if neighbour(cell, move, rows, columns) != cell:
            count += passages[passage(cell, move, rows, columns)]
    return count
