"""Every generator of mazes behind one function.

Mazes of 21 × 21 tiles a second, on one core of a 2-core x86-64 machine (Zen 4): depth_first 400,000, prim 190,000,
kruskal 235,000, wilson 240,000, aldous_broder 110,000, division 990,000, rooms 130,000; depth_first with half of
all possible loops 140,000.
"""

import numpy as np

from daedalus.core.arrays import Keys, Pixels, States
from daedalus.core.compiled import compiled

from .braids import braid_into, goals_into
from .names import CODES, Generator
from .passages import edges
from .rooms import rooms_into
from .spanning_trees import depth_first_into, division_into, kruskal_into, prim_into
from .uniform_trees import aldous_broder_into, wilson_into


@compiled
def carve(code: int, passages: Pixels, rows: int, columns: int, braid: float, key: np.uint64) -> None:
    """Carve one maze into `passages`, (E,) zeros, by the generator of that code, and open its loops."""
    if code == 0:
        depth_first_into(passages, rows, columns, key)
    elif code == 1:
        prim_into(passages, rows, columns, key)
    elif code == 2:
        kruskal_into(passages, rows, columns, key)
    elif code == 3:
        wilson_into(passages, rows, columns, key)
    elif code == 4:
        aldous_broder_into(passages, rows, columns, key)
    elif code == 5:
        division_into(passages, rows, columns, key)
    else:
        rooms_into(passages, rows, columns, key)
    if braid > 0:
        braid_into(passages, rows, columns, braid, key)


@compiled
def _passages(code: int, rows: int, columns: int, keys_N: Keys, braid: float) -> Pixels:
    passages_NE = np.zeros((len(keys_N), edges(rows, columns)), np.uint8)
    for n in range(len(keys_N)):
        carve(code, passages_NE[n], rows, columns, braid, keys_N[n])
    return passages_NE


@compiled
def _goals(passages_NE: Pixels, rows: int, columns: int, keys_N: Keys, goals: int) -> States:
    goals_NG = np.empty((len(keys_N), goals), np.int32)
    for n in range(len(keys_N)):
        goals_into(goals_NG[n], passages_NE[n], rows, columns, keys_N[n])
    return goals_NG


def passages(generator: Generator, rows: int, columns: int, keys_N: Keys, braid: float = 0.0) -> Pixels:
    """One maze per key as bits (`passages`), (N, E) uint8."""
    return _passages(CODES[generator], rows, columns, np.asarray(keys_N, np.uint64), float(braid))


def goal_cells(passages_NE: Pixels, rows: int, columns: int, keys_N: Keys, goals: int = 1) -> States:
    """The cells of the goals of those mazes, (N, goals), the bottom right first."""
    return _goals(passages_NE, rows, columns, np.asarray(keys_N, np.uint64), goals)
