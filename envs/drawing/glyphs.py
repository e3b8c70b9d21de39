"""The marks on tiles, as opacities in [0, 1]: a shape is tested on a grid finer than the pixels and averaged."""

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from daedalus.core.arrays import Bools, Floats

Mask = npt.NDArray[np.float32]  # (tile, tile)
Shape = Callable[[Floats, Floats], Bools]

_FINE = 8  # samples along a pixel's side
_SMALLEST_SHAFT = 12  # pixels of a tile; on a smaller one a shaft would blur the head


def _mask(tile: int, inside: Shape) -> Mask:
    """Opacity of the shape `inside(x, y)`; x to the right and y down, both in [-0.5, 0.5]."""
    samples = (np.arange(tile * _FINE) + 0.5) / (tile * _FINE) - 0.5
    x, y = np.meshgrid(samples, samples)
    mask: Mask = inside(x, y).reshape(tile, _FINE, tile, _FINE).mean(axis=(1, 3)).astype(np.float32)
    mask.flags.writeable = False
    return mask


@functools.cache
def disc(tile: int, radius: float) -> Mask:
    """A disc in the middle; `radius` in tiles."""
    return _mask(tile, lambda x, y: np.hypot(x, y) <= radius)


@functools.cache
def ring(tile: int, radius: float, width: float) -> Mask:
    """A ring whose line, `width` tiles wide, runs at `radius`."""
    return _mask(tile, lambda x, y: np.abs(np.hypot(x, y) - radius) <= width / 2)


@functools.cache
def diamond(tile: int, radius: float) -> Mask:
    """A square on its corner."""
    return _mask(tile, lambda x, y: np.abs(x) + np.abs(y) <= radius)


@functools.cache
def stripes(tile: int) -> Mask:
    """Slanted stripes that go on from tile to tile."""
    return _mask(tile, lambda x, y: np.mod((x + y) * 2, 1) < 0.5)


@functools.cache
def corner(tile: int, down: int, right: int, radius: float) -> Mask:
    """What rounding cuts off one corner of a tile; `down` and `right` are -1 or 1."""
    edge = 0.5 - radius
    return _mask(
        tile,
        lambda x, y: (x * right >= edge) & (y * down >= edge) & (np.hypot(x * right - edge, y * down - edge) >= radius),
    )


@functools.cache
def edge(tile: int, axis: int) -> Mask:
    """The last row of pixels (axis 0) or the last column (axis 1)."""
    mask = np.zeros((tile, tile), dtype=np.float32)
    mask[(-1, slice(None)) if axis == 0 else (slice(None), -1)] = 1
    mask.flags.writeable = False
    return mask


@functools.cache
def arrow(tile: int, down: int, right: int) -> Mask:
    """An arrow that points `down` rows and `right` columns, on small tiles its head alone; a dot where it stays."""
    length = math.hypot(down, right)
    if length == 0:
        return disc(tile, max(0.09, 1 / tile))
    unit_x, unit_y = right / length, down / length
    back, tip, slope = (-0.27, 0.3, 0.72) if tile >= _SMALLEST_SHAFT else (-0.14, 0.36, 0.8)
    base = 0.02 if tile >= _SMALLEST_SHAFT else back
    half = max(0.042, 0.55 / tile)  # of the shaft; about a pixel wide on the smallest tiles

    def inside(x: Floats, y: Floats) -> Bools:
        ahead, aside = x * unit_x + y * unit_y, np.abs(y * unit_x - x * unit_y)
        shaft = (ahead >= back) & (ahead <= base) & (aside <= half)
        head = (ahead >= base) & (ahead <= tip) & (aside <= (tip - ahead) * slope)
        return shaft | head

    return _mask(tile, inside)


@functools.cache
def quarter(tile: int, side: int) -> Mask:
    """The quarter of a tile that its diagonals leave on one side: 0 up, 1 right, 2 down, 3 left."""
    down, right = ((-1, 0), (0, 1), (1, 0), (0, -1))[side]
    return _mask(
        tile, lambda x, y: (y * down + x * right > 0) & (np.abs(y * right) + np.abs(x * down) <= y * down + x * right)
    )


@functools.cache
def diagonals(tile: int) -> Mask:
    """Hairlines along both diagonals."""
    half = 0.35 / tile
    return _mask(tile, lambda x, y: np.abs(np.abs(x) - np.abs(y)) <= half)
