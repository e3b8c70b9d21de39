"""A maze as a string of bits, one for each tile, 1 for a wall: what a batch with a layout each keeps of it.

Tile (row, column) is bit (row + margin)·stride + column + margin, with stride = columns + margin: around the tiles,
and between the end of a row and the beginning of the next, lie `margin` tiles of wall, so that a window that
looks so far beyond the grid sees wall. Without a margin a tile's bit is its number in reading order.
"""

from typing import NamedTuple

import numpy as np

from daedalus.core.arrays import Ints, Keys, Pixels, States
from daedalus.core.compiled import compiled, inlined
from daedalus.core.draws import bits
from daedalus.core.world import Tile

from .braids import goals_into
from .generating import carve
from .names import CODES
from .passages import edges, neighbour, passage

_ONE, _SIX, _LOW = np.uint64(1), np.uint64(6), np.uint64(63)
_ROOMS = CODES["rooms"]


class Plan(NamedTuple):
    """What all mazes of a batch share."""

    rows: int  # cells
    columns: int
    code: int  # of the generator
    braid: float
    goals: int
    margin: int

    @property
    def stride(self) -> int:
        """Bits from a tile to the one below."""
        return 2 * self.columns + 1 + self.margin

    @property
    def words(self) -> int:
        """Words of 64 bits a maze; one is spare, so that reading across the end of a word is safe everywhere."""
        tall = 2 * self.rows + 1 + 2 * self.margin
        return (tall * self.stride + self.margin) // 64 + 2

    @property
    def start(self) -> int:
        """The bit of the tile where episodes start."""
        return (1 + self.margin) * self.stride + 1 + self.margin

    def number(self, bits_N: Ints | States) -> Ints:
        """The tiles' numbers in reading order of their bits."""
        if not self.margin:
            return bits_N.astype(np.int64)
        row, column = np.divmod(bits_N.astype(np.int64) - self.margin, self.stride)
        return (row - self.margin) * (2 * self.columns + 1) + column


@inlined
def is_wall(walls_NW: Keys, n: int, tile: int) -> np.uint64:
    """1 where that bit of maze n is a wall, else 0."""
    place = np.uint64(tile)
    return np.uint64(np.uint64(walls_NW[n, np.int64(place >> _SIX)] >> np.uint64(place & _LOW)) & _ONE)


@inlined
def _clear(walls: Keys, tile: int) -> None:
    walls[tile >> 6] &= np.uint64(~np.uint64(_ONE << np.uint64(tile & 63)))


@compiled
def draw_mazes(walls_NW: Keys, goals_NG: States, index: Ints, keys_M: Keys, plan: Plan, stride: int) -> None:
    """Draw the mazes of the environments `index` (M,) from those keys."""
    passages = np.empty(edges(plan.rows, plan.columns), np.uint8)
    for m in range(index.size):
        n = index[m]
        passages[:] = 0
        carve(plan.code, passages, plan.rows, plan.columns, plan.braid, keys_M[m])
        _pack(walls_NW[n], passages, plan.rows, plan.columns, stride, plan.margin, plan.code == _ROOMS)
        goals_into(goals_NG[n], passages, plan.rows, plan.columns, keys_M[m])
        for g in range(plan.goals):
            row, column = goals_NG[n, g] // plan.columns, goals_NG[n, g] % plan.columns
            goals_NG[n, g] = (2 * row + 1 + plan.margin) * stride + 2 * column + 1 + plan.margin


@compiled
def _pack(walls: Keys, passages: Pixels, rows: int, columns: int, stride: int, margin: int, rooms: bool) -> None:
    """The same tiles as `tiles.tiles_of`, as bits."""
    walls[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
    for row in range(rows):
        for column in range(columns):
            cell = row * columns + column
            tile = (2 * row + 1 + margin) * stride + 2 * column + 1 + margin
            east = column < columns - 1 and passages[passage(cell, 1, rows, columns)] == 1
            south = row < rows - 1 and passages[passage(cell, 2, rows, columns)] == 1
            if east:
                _clear(walls, tile)
                _clear(walls, tile + 1)
                _clear(walls, tile + 2)
            if south:
                _clear(walls, tile)
                _clear(walls, tile + stride)
                _clear(walls, tile + 2 * stride)
            if rooms and east and south:
                right, below = neighbour(cell, 1, rows, columns), neighbour(cell, 2, rows, columns)
                if passages[passage(right, 2, rows, columns)] and passages[passage(below, 1, rows, columns)]:
                    _clear(walls, tile + stride + 1)


@compiled
def episode_key(layout: np.uint64, episode: int) -> np.uint64:
    """The key of the maze of episode number `episode`, where each has its own."""
    return bits(layout, np.uint64(episode))


@compiled
def episode_keys(layout_N: Keys, episode_N: Ints, index: Ints) -> Keys:
    """The keys of the mazes of the environments `index`, (M,)."""
    keys_M = np.empty(index.size, np.uint64)
    for m in range(index.size):
        keys_M[m] = episode_key(layout_N[index[m]], episode_N[index[m]])
    return keys_M


def unpacked(plan: Plan, walls_W: Keys, goals_G: States) -> Pixels:
    """One maze as tiles again, (2·rows + 1, 2·columns + 1)."""
    shape = (2 * plan.rows + 1, 2 * plan.columns + 1)
    places = np.arange(shape[0])[:, None] * plan.stride + np.arange(shape[1]) + plan.margin * (plan.stride + 1)
    wall = np.unpackbits(walls_W.view(np.uint8), bitorder="little")[places]
    tiles = np.where(wall, Tile.WALL, Tile.FLOOR).astype(np.uint8)
    tiles[1, 1] = Tile.START
    tiles.ravel()[plan.number(goals_G)] = Tile.GOAL
    return tiles
