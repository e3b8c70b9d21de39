"""A few words below a picture, for windows and recordings."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.envs.drawing.palette import THEMES

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

_SIZE, _MARGIN, _LEADING = 14, 10, 1.35
_NARROWEST = 420  # pixels; a smaller picture stands in the middle over its words


def captioned(picture: Pixels, words: str, theme: str) -> Pixels:
    """The picture with the words below it, long lines broken between words, in the theme's ink; (H, W, 3)."""
    if not words:
        return picture
    from PIL import Image, ImageDraw

    look = THEMES[theme]
    wide = max(picture.shape[1], _NARROWEST)
    lines = [part for line in words.split("\n") for part in _broken(line, wide - 2 * _MARGIN)]
    step = round(_SIZE * _LEADING)
    sheet = Image.new("RGB", (wide, picture.shape[0] + 2 * _MARGIN + step * len(lines)), look.floor)
    sheet.paste(Image.fromarray(picture), ((wide - picture.shape[1]) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    ink = look.dark_ink if theme == "light" else look.light_ink
    for number, line in enumerate(lines):
        pen.text((_MARGIN, picture.shape[0] + _MARGIN + number * step), line, fill=ink, font=_font())
    return np.asarray(sheet, dtype=np.uint8)


@functools.cache
def _font() -> "FreeTypeFont":
    """DejaVu Sans, which Matplotlib carries: Pillow's own font knows no minus sign."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", _SIZE)


def _broken(line: str, wide: int) -> list[str]:
    lines = [""]
    for word in line.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and _font().getlength(longer) > wide:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
