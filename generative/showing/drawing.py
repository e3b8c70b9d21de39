"""Pictures of single examples: pixels as squares, mazes as walls and floor."""

import numpy as np

from daedalus.core.arrays import Bools, Pixels
from daedalus.envs.drawing.palette import THEMES, Colour

Numbers = np.typing.NDArray[np.floating]

_LOOK = THEMES["light"]
GROUND: Colour = (96, 104, 122)  # between pictures; it stands out from walls, from white and from black
_DARK, _BRIGHT = np.array((10.0, 11.0, 14.0)), np.array((250.0, 248.0, 243.0))
_BAD: Colour = (240, 96, 56)  # the frame of what is no good maze
_FLOOR = (240, 236, 227)
_SIDE = 60  # pixels, about, of a picture's longer side
_WALL, _CELL, _FRAME = 2, 6, 3  # pixels of a maze's wall, of a cell at least where there are not very many


def pixel_pictures(shares_nCHW: Numbers) -> Pixels:
    """Images of shares in [0, 1] with one channel (shades) or three (red, green, blue), enlarged by a whole factor.

    Of other numbers of channels the mean is shown as shades. (n, H', W', 3).
    """
    channels, high, wide = shares_nCHW.shape[1:]
    x = np.moveaxis(shares_nCHW if channels == 3 else shares_nCHW.mean(axis=1, keepdims=True), 1, -1)
    pixels = np.rint(255 * x if channels == 3 else _DARK + x * (_BRIGHT - _DARK)).astype(np.uint8)
    factor = max(1, round(_SIDE / max(high, wide)))
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def maze_pictures(floor_nHW: Bools, good_n: Bools) -> Pixels:
    """Mazes as tiles, each H = 2R + 1 by W = 2C + 1, with a frame around those not good, (n, H', W', 3).

    Walls are drawn thin and cells wide, whatever stands where.
    """
    rows, columns = (side // 2 for side in floor_nHW.shape[1:])
    side = max(rows, columns)
    cell = max(2, min(240 // side, max(_CELL, _SIDE // side - _WALL)))
    down, right = (np.tile([_WALL, cell], cells + 1)[:-1] for cells in (rows, columns))
    whole = floor_nHW.repeat(down, axis=1).repeat(right, axis=2)
    frame = np.where(good_n[:, None], _paint(GROUND), _paint(_BAD))[:, None, None]
    n, high, wide = whole.shape
    page = np.broadcast_to(frame, (n, high + 2 * _FRAME, wide + 2 * _FRAME, 3)).copy()
    page[:, _FRAME:-_FRAME, _FRAME:-_FRAME] = np.where(whole[..., None], _paint(_FLOOR), _paint(_LOOK.wall))
    return page


def _paint(colour: Colour) -> Pixels:
    return np.array(colour, dtype=np.uint8)
