"""The board that everything is laid on: pixels by tiles, and stamps to put on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels

from .glyphs import Mask
from .palette import Colour, Theme
from .shapes import opacity

_CHUNK = 2**21  # pixels blended at a time


@dataclass(frozen=True, eq=False)
class Stamp:
    """A coloured mark as large as a tile: its colours times their opacity (tile, tile, 3), and 1 - opacity."""

    ink: np.typing.NDArray[np.float32]
    clear: np.typing.NDArray[np.float32]  # (tile, tile, 1)


@dataclass(frozen=True, eq=False)
class Coat:
    """One layer of a mark: a shape (`shapes`) in a colour."""

    distance: Floats
    colour: Colour
    strength: float = 1.0


def stamp(coats: Sequence[Coat], unit: int) -> Stamp:
    """Lay the coats (at least one) one over the other, `unit` pixels to the length 1 of their shapes."""
    shape = coats[0].distance.shape
    ink, clear = np.zeros((*shape, 3)), np.ones((*shape, 1))
    for coat in coats:
        share = coat.strength * opacity(coat.distance, unit)[..., None]
        ink = ink * (1 - share) + share * np.array(coat.colour, dtype=np.float64)
        clear = clear * (1 - share)
    return Stamp(ink.astype(np.float32), clear.astype(np.float32))


def stamp_over(coats: Sequence[Coat], unit: int, ground: Colour | Pixels) -> Pixels:
    """The coats on a ground, `unit` pixels to the length 1 of their shapes, (height, width, 3)."""
    mark = stamp(coats, unit)
    laid: Pixels = np.rint(mark.ink + mark.clear * np.asarray(ground, dtype=np.float32)).astype(np.uint8)
    return laid


@final
class Board:
    """A picture of (rows, columns) tiles of `tile` pixels, drawn on in place."""

    def __init__(self, pixels: Pixels, tile: int, look: Theme) -> None:
        self.rows, self.columns = pixels.shape[0] // tile, pixels.shape[1] // tile
        self.pixels, self.tile, self.look = pixels, tile, look
        self._tiles = pixels.reshape(self.rows, tile, self.columns, tile, 3)

    def lay(self, where: Bools, mask: Mask, colour: Colour | Pixels) -> None:
        """Lay a colour, one for all or one a tile, with the opacities `mask` over the tiles `where`."""
        inked = np.nonzero(mask)
        if not inked[0].size:
            return
        down, right = (slice(axis.min(), axis.max() + 1) for axis in inked)
        share = mask[down, right, None]
        colours = np.broadcast_to(np.asarray(colour, dtype=np.uint8), (*where.shape, 3))
        rows, columns = np.nonzero(where)
        part = max(1, _CHUNK // share.size)
        for first in range(0, len(rows), part):
            row, column = rows[first : first + part], columns[first : first + part]
            above = colours[row, column][:, None, None, :].astype(np.float32)
            below = self._tiles[row, down, column, right]
            self._tiles[row, down, column, right] = np.rint(below + share * (above - below)).astype(np.uint8)

    def put(self, cells: Ints, mark: Stamp, strength: float = 1.0) -> None:
        """Put a stamp on the tiles at `cells`, (n, 2) rows and columns, each of them once."""
        part = max(1, _CHUNK // mark.clear.size)
        for first in range(0, len(cells), part):
            row, column = cells[first : first + part].T
            below = self._tiles[row, :, column, :]
            above = mark.ink + mark.clear * below
            if strength < 1:
                above = below + strength * (above - below)
            self._tiles[row, :, column, :] = np.rint(above).astype(np.uint8)

    def veil(self, where: Bools, colour: Colour, strength: float) -> None:
        """Draw a colour evenly over whole tiles, looked up a channel at a time: tiles may be many."""
        rows, columns = np.nonzero(where)
        shades = np.arange(256)
        for channel, target in enumerate(colour):
            table = np.rint(shades + strength * (target - shades)).astype(np.uint8)
            self._tiles[rows, :, columns, :, channel] = table[self._tiles[rows, :, columns, :, channel]]
