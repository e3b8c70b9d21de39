"""The ground of a scene: tiles in their colours or their heat, rounded walls, starts and goals."""

import functools
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Pixels
from daedalus.core.world import Tile

from . import glyphs
from .board import Board
from .palette import THEMES, Theme
from .pieces import SMALLEST_MARKED

SMALLEST_LINED = 12  # a hairline would take too much of a smaller tile
_MOST_KEPT = 2**21  # pixels of a ground that is worth keeping for the next frame


@dataclass(frozen=True, eq=False)
class Ground:
    """The colours of the tiles (rows, columns, 3), which of them are heat, and, for action values, their quarters."""

    tiles: Pixels  # (rows, columns) of `Tile`
    colours: Pixels
    heated: Bools
    quarters: Pixels | None = None  # (rows, columns, 4, 3): up, right, down, left; of heated tiles


def plain(tiles: Pixels, look: Theme) -> Ground:
    """The ground without heat."""
    colours = np.array([look.floor, look.wall, look.floor, look.floor, look.floor], dtype=np.uint8)[tiles]
    return Ground(tiles, colours, np.zeros(tiles.shape, dtype=np.bool_))


def paint(ground: Ground, tile: int, theme: str) -> Pixels:
    """The ground as pixels to draw on. The next frame on the same ground costs a copy."""
    shape = ground.tiles.shape
    if shape[0] * shape[1] * tile * tile > _MOST_KEPT:
        return _painted(ground, tile, theme)
    quarters = None if ground.quarters is None else ground.quarters.tobytes()
    return _kept(
        shape, ground.tiles.tobytes(), ground.colours.tobytes(), ground.heated.tobytes(), quarters, tile, theme
    ).copy()


@functools.lru_cache(maxsize=8)
def _kept(
    shape: tuple[int, int],
    tiles: bytes,
    colours: bytes,
    heated: bytes,
    quarters: bytes | None,
    tile: int,
    theme: str,
) -> Pixels:
    ground = Ground(
        np.frombuffer(tiles, dtype=np.uint8).reshape(shape),
        np.frombuffer(colours, dtype=np.uint8).reshape(*shape, 3),
        np.frombuffer(heated, dtype=np.bool_).reshape(shape),
        None if quarters is None else np.frombuffer(quarters, dtype=np.uint8).reshape(*shape, 4, 3),
    )
    return _painted(ground, tile, theme)


def _painted(ground: Ground, tile: int, theme: str) -> Pixels:
    look, tiles, heated = THEMES[theme], ground.tiles, ground.heated
    pixels = np.repeat(np.repeat(ground.colours, tile, axis=0), tile, axis=1)
    board = Board(pixels, tile, look)
    free, hazard = tiles != Tile.WALL, tiles == Tile.HAZARD
    if tile < SMALLEST_MARKED:
        for kind, colour in ((Tile.START, look.start), (Tile.GOAL, look.goal), (Tile.HAZARD, look.hazard)):
            board.lay(tiles == kind, np.ones((tile, tile), dtype=np.float32), colour)
        return pixels
    if ground.quarters is not None:
        for side in range(4):
            board.lay(heated, glyphs.quarter(tile, side), ground.quarters[:, :, side])
        board.lay(heated, glyphs.diagonals(tile) * 0.5, look.floor)
    board.lay(hazard, glyphs.stripes(tile) * 0.4 + 0.6, look.hazard)
    for axis in (0, 1) if tile >= SMALLEST_LINED else ():  # hairlines between floor tiles
        joined = free & np.roll(np.pad(free, 1), -1, axis)[1:-1, 1:-1]
        board.lay(joined & ~heated & ~hazard, glyphs.edge(tile, axis), look.line)
        board.lay(joined & heated, glyphs.edge(tile, axis) * 0.35, look.floor)
    _round(board, ground.colours, free, look)
    for kind, colour in ((Tile.START, look.start), (Tile.GOAL, look.goal)):
        halo, mark = (
            (glyphs.ring(tile, 0.37, 0.19), glyphs.ring(tile, 0.37, 0.1))
            if kind == Tile.START
            else (glyphs.diamond(tile, 0.45), glyphs.diamond(tile, 0.36))
        )
        board.lay(tiles == kind, halo, look.halo)
        board.lay(tiles == kind, mark, colour)
    return pixels


def _round(board: Board, colours: Pixels, free: Bools, look: Theme) -> None:
    """Round the corners of walls, outer and inner, but none at the picture's edge."""
    outer, inner = np.pad(free, 1), np.pad(free, 1, constant_values=True)
    for down in (-1, 1):
        for right in (-1, 1):
            mask = glyphs.corner(board.tile, down, right, 0.28)
            shifts = ((-down, 0), (0, -right), (-down, -right))
            open_sides = [np.roll(outer, shift, (0, 1))[1:-1, 1:-1] for shift in shifts]
            shut_sides = [~np.roll(inner, shift, (0, 1))[1:-1, 1:-1] for shift in shifts]
            beyond = np.roll(colours, shifts[2], (0, 1))  # a wall's corner shows the tile behind it
            board.lay(~free & np.logical_and.reduce(open_sides), mask, beyond)
            board.lay(free & np.logical_and.reduce(shut_sides), mask, look.wall)
