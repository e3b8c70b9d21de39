"""Numbers in seven segments, as on a machine's display, at any size."""

import functools
import math

import numpy as np

from daedalus.core.arrays import Floats, Pixels

from .glyphs import Mask
from .palette import Colour
from .shapes import Point, grid, opacity, segment, union

_SLANT = 0.09
_RADIUS = 0.062
_ASPECT = 0.62  # of a digit's advance to its height
# The ends of the segments of a digit one high: top, upper right, lower right, bottom, lower left, upper left, middle.
_W, _H, _G = 0.2, 0.4, 0.05
_SEGMENTS: tuple[tuple[Point, Point], ...] = (
    ((-_W + _G, -_H), (_W - _G, -_H)),
    ((_W, -_H + _G), (_W, -_G)),
    ((_W, _G), (_W, _H - _G)),
    ((-_W + _G, _H), (_W - _G, _H)),
    ((-_W, _G), (-_W, _H - _G)),
    ((-_W, -_H + _G), (-_W, -_G)),
    ((-_W + _G, 0.0), (_W - _G, 0.0)),
)
_LIT = {
    "0": "012345", "1": "12", "2": "01346", "3": "01236", "4": "1256", "5": "02356", "6": "023456", "7": "012",
    "8": "0123456", "9": "012356", "-": "6", "E": "03456", " ": "",
}  # fmt: skip


def short_number(value: float, most: int = 5) -> str:
    """A number in at most `most` (4 or more) characters that segments can show; dashes where it is not finite."""
    if not math.isfinite(value):
        return "--"
    for decimals in (2, 1, 0):
        text = f"{value:.{decimals}f}"
        if len(text) <= most:
            return text if float(text) else text.lstrip("-")
    exponent = math.floor(math.log10(abs(value)))
    return f"{value / 10**exponent:.0f}E{exponent}"


def written(picture: Pixels, text: str, centre: tuple[int, int], height: int, colour: Colour) -> None:
    """Write digits, dots and minus signs in place, around the pixel `centre` (row, column)."""
    width = sum(_advance(character, height) for character in text)
    left, top = centre[1] - width // 2, centre[0] - height // 2
    for character in text:
        mask = _drawn(character, height)
        right = min(picture.shape[1], left + mask.shape[1])
        bottom = min(picture.shape[0], top + height)
        if left >= 0 and top >= 0 and right > left:
            part = picture[top:bottom, left:right]
            share = mask[: bottom - top, : right - left, None]
            part[...] = np.rint(part + share * (np.array(colour) - part.astype(np.float64))).astype(np.uint8)
        left += _advance(character, height)


@functools.lru_cache(maxsize=512)
def numeral(tile: int, number: int) -> Mask:
    """A number in the middle of a tile, as opacities (tile, tile); its height is fitted to its digits."""
    text = str(number)
    height = max(4, min(round(0.46 * tile), int(0.86 * tile / (_ASPECT * len(text)))))
    drawn = np.concatenate([_drawn(character, height) for character in text], axis=1)[:tile, :tile]
    mask = np.zeros((tile, tile), dtype=np.float32)
    top, left = (tile - drawn.shape[0]) // 2, (tile - drawn.shape[1]) // 2
    mask[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    mask.flags.writeable = False
    return mask


def _advance(character: str, height: int) -> int:
    return max(1, round((0.26 if character == "." else _ASPECT) * height))


@functools.lru_cache(maxsize=256)
def _drawn(character: str, height: int) -> Floats:
    """The opacity of a character, (height, advance)."""
    x, y = grid(height, _advance(character, height), height)
    x = x + _SLANT * y
    radius = max(_RADIUS, 0.55 / height)
    if character == ".":
        found = [np.hypot(x, y - _H) - 1.15 * radius]
    else:
        found = [segment(x, y, *_SEGMENTS[int(number)], radius) for number in _LIT[character]]
    return opacity(union(*found, np.full(x.shape, 1.0)), height)
