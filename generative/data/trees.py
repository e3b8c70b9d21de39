"""Spanning trees of the grid, that is perfect mazes: how many there are, every one of them, and each passage's chance.

Edges stand in the order of `daedalus.envs.levels.passages`. The number of trees is a determinant (Kirchhoff 1847), and
so is any sum over trees of a product over their edges; the chance that a uniformly drawn tree holds an edge is the
edge's effective resistance.
"""

import functools

import numpy as np

from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.errors import UserError

_MOST_EDGES = 24  # 4 × 4 cells: 100,352 trees among 16.8 million sets of edges


def ends(rows: int, columns: int) -> Ints:
    """The two cells that each edge joins, (E, 2)."""
    cell = np.arange(rows * columns).reshape(rows, columns)
    east = np.stack([cell[:, :-1], cell[:, 1:]], axis=-1).reshape(-1, 2)
    south = np.stack([cell[:-1], cell[1:]], axis=-1).reshape(-1, 2)
    return np.concatenate([east, south])


def log_sum_of_trees(rows: int, columns: int, log_weight_E: Floats) -> float:
    """ln Σ over spanning trees of the product of their edges' weights: any minor of the weighted Laplacian."""
    sign, log_determinant = np.linalg.slogdet(_minor(rows, columns, np.exp(log_weight_E)))
    assert sign > 0
    return float(log_determinant)


def log_trees(rows: int, columns: int) -> float:
    """ln of the number of spanning trees: the least NLL in nats that any model of uniform ones can have."""
    check(rows, columns)
    return log_sum_of_trees(rows, columns, np.zeros(len(ends(rows, columns))))


@functools.cache
def edge_chances(rows: int, columns: int) -> Floats:
    """The chance that a uniformly drawn tree holds each edge, (E,): its effective resistance (Kirchhoff 1847)."""
    check(rows, columns)
    first, second = ends(rows, columns).T
    inverse = np.zeros((rows * columns, rows * columns))
    inverse[1:, 1:] = np.linalg.inv(_minor(rows, columns, np.ones(len(first))))
    chances = inverse[first, first] + inverse[second, second] - 2 * inverse[first, second]
    chances.flags.writeable = False
    return np.asarray(chances)


def independent_nll(rows: int, columns: int) -> float:
    """The NLL in nats of the best model that draws every edge by itself: the sum of the edges' entropies."""
    p_E = np.clip(edge_chances(rows, columns), 1e-300, 1.0)
    rest_E = np.clip(1 - p_E, 1e-300, 1.0)
    return float(-(p_E * np.log(p_E) + rest_E * np.log(rest_E)).sum())


def independent_perfect(rows: int, columns: int) -> float:
    """The chance that this model draws a spanning tree: Σ over trees of Π p within and Π (1 − p) without."""
    p_E = np.clip(edge_chances(rows, columns), 0.0, 1 - 1e-12)
    log_odds_E = np.log(p_E) - np.log1p(-p_E)
    return float(np.exp(log_sum_of_trees(rows, columns, log_odds_E) + np.log1p(-p_E).sum()))


def all_trees(rows: int, columns: int) -> Pixels:
    """Every spanning tree as a row of edge bits, (N, E), in rising order of the bits read as a number.

    Raises `UserError` for grids with more than 4 × 4 cells' edges.
    """
    check(rows, columns)
    edges, cells = ends(rows, columns), rows * columns
    if len(edges) > _MOST_EDGES:
        raise UserError(
            f"all trees of {rows} × {columns} cells are too many to be listed; take a grid of 4 × 4 at most"
        )
    # Edge by edge, the forests so far: the bits chosen, and the name of the component each cell lies in.
    bits_NE = np.zeros((1, len(edges)), np.uint8)
    part_NC = np.arange(cells, dtype=np.int8)[None]
    for edge, (first, second) in enumerate(edges):
        joins = part_NC[:, first] != part_NC[:, second]
        old, new = part_NC[joins, second][:, None], part_NC[joins, first][:, None]
        joined_NC, joined_NE = np.where(part_NC[joins] == old, new, part_NC[joins]), bits_NE[joins].copy()
        joined_NE[:, edge] = 1
        bits_NE, part_NC = np.concatenate([bits_NE, joined_NE]), np.concatenate([part_NC, joined_NC])
        missing = cells - 1 - bits_NE.sum(axis=1)  # a forest that the edges left cannot complete is dropped
        hopeful = missing <= len(edges) - 1 - edge
        bits_NE, part_NC = bits_NE[hopeful], part_NC[hopeful]
    trees: Pixels = bits_NE[bits_NE.sum(axis=1) == cells - 1]
    return np.ascontiguousarray(trees[np.lexsort(trees.T[::-1])])


def check(rows: int, columns: int) -> None:
    """Raise `UserError` for a grid without an edge."""
    if rows < 1 or columns < 1 or rows * columns < 2:
        raise UserError(f"a maze needs at least two cells, not {rows} × {columns}")


def _minor(rows: int, columns: int, weight_E: Floats) -> Floats:
    """The weighted Laplacian without its first row and column."""
    first, second = ends(rows, columns).T
    laplacian = np.zeros((rows * columns, rows * columns))
    np.add.at(laplacian, (first, second), -weight_E)
    laplacian += laplacian.T
    np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
    return laplacian[1:, 1:]
