"""Joining what is apart: union-find over cells, and passages opened at random until all is one."""

import numpy as np

from daedalus.core.arrays import Pixels, States
from daedalus.core.compiled import compiled, inlined
from daedalus.core.draws import uniform

from .passages import edges, first_cell, second_cell


@inlined
def root(parent: States, cell: int) -> int:
    """The cell that stands for the part to which `cell` belongs; halves the way there."""
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@compiled
def join_at_random(passages: Pixels, rows: int, columns: int, key: np.uint64, draw: np.uint64, parent: States) -> None:
    """Open passages in random order, each that joins two parts of `parent`, (cells,), until one part is left.

    Draws from number `draw` of the stream on.
    """
    parts = 0
    for cell in range(parent.size):
        parts += parent[cell] == cell
    order = np.arange(edges(rows, columns)).astype(np.int32)
    left = order.size
    while parts > 1:
        pick = int(uniform(key, draw) * left)
        draw = np.uint64(draw + np.uint64(1))
        left -= 1
        edge = order[pick]
        order[pick] = order[left]
        one = root(parent, first_cell(edge, rows, columns))
        other = root(parent, second_cell(edge, rows, columns))
        if one != other:
            parent[one] = other
            passages[edge] = 1
            parts -= 1
