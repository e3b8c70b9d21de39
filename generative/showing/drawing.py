"""Pictures of single examples: pixels as squares, mazes as walls and floor."""

import numpy as np

from daedalus.core.arrays import Bools, Pixels
from daedalus.envs.drawing.palette import THEMES, Colour

Numbers = np.typing.NDArray[np.floating]

_LOOK = THEMES["dark"]
GROUND: Colour = (58, 65, 80)  # between pictures; seen against white, black and both of a maze's colours
_DARK, _BRIGHT = np.array((10.0, 11.0, 14.0)), np.array((250.0, 248.0, 243.0))
_SIDE = 60  # pixels, about, of a picture's longer side
_WALL, _CELL, _FRAME = 2, 8, 2  # pixels of a maze


def pixel_pictures(shares_nCHW: Numbers) -> Pixels:
    """Images of shares in [0, 1] with one channel (shades) or three (red, green, blue), enlarged by a whole factor.

    Of other numbers of channels the mean is shown as shades. (n, H', W', 3).
    """
    channels, high, wide = shares_nCHW.shape[1:]
    x = np.moveaxis(shares_nCHW if channels == 3 else shares_nCHW.mean(axis=1, keepdims=True), 1, -1)
    pixels = np.rint(255 * x if channels == 3 else _DARK + x * (_BRIGHT - _DARK)).astype(np.uint8)
    factor = max(1, round(_SIDE / max(high, wide)))
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def maze_pictures(x: Pixels, rows: int, columns: int, layout: str, good_n: Bools) -> Pixels:
    """Mazes as bits of their passages (n, E) or as tiles (n, 1, 2R + 1, 2C + 1), with a frame around those not good.

    Walls are drawn thin and cells wide, whatever stands where. (n, H, W, 3).
    """
    tiles = as_tiles(x, rows, columns) if layout == "edges" else x.reshape(len(x), 2 * rows + 1, 2 * columns + 1)
    cell = max(2, min(_CELL, 240 // max(rows, columns)))
    down, right = (np.tile([_WALL, cell], side)[:-1] for side in (rows + 1, columns + 1))
    whole = tiles.astype(bool).repeat(down, axis=1).repeat(right, axis=2)
    inside = np.where(whole[..., None], np.uint8(_LOOK.floor), np.uint8(_LOOK.wall))
    frame = np.where(good_n[:, None], np.uint8(GROUND), np.uint8(_LOOK.hazard))[:, None, None]
    n, high, wide = whole.shape
    page = np.broadcast_to(frame, (n, high + 2 * _FRAME, wide + 2 * _FRAME, 3)).copy()
    page[:, _FRAME:-_FRAME, _FRAME:-_FRAME] = inside
    return page


def as_tiles(passages_nE: Pixels, rows: int, columns: int) -> Pixels:
    """Passages as open tiles (n, 2R + 1, 2C + 1): cells stand at odd places, the passages between two of them."""
    cut = rows * (columns - 1)
    tiles = np.zeros((len(passages_nE), 2 * rows + 1, 2 * columns + 1), dtype=np.uint8)
    tiles[:, 1::2, 1::2] = 1
    tiles[:, 1::2, 2:-1:2] = passages_nE[:, :cut].reshape(-1, rows, columns - 1)
    tiles[:, 2:-1:2, 1::2] = passages_nE[:, cut:].reshape(-1, rows - 1, columns)
    return tiles
