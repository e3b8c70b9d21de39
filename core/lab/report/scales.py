"""A horizontal axis for the values of a setting: ticks at the values, on the scale on which they stand most evenly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from daedalus.core.arrays import Floats
from daedalus.core.spec import show

from .figures import Size
from .text import clipped, short

_LETTER = 7.4  # pixels, generous for a letter of 12
_MARGINS = 68  # pixels beside the axis


@dataclass(frozen=True, eq=False)
class Scale:
    """Where the values of a study stand on its horizontal axis."""

    values: Sequence[Any]
    kind: str  # "linear", "log", "symlog" (it also has 0), or "names"

    @property
    def knee(self) -> float:
        """Below this a symlog axis is linear."""
        return min(float(value) for value in self.values if value)

    def at(self, value: Any) -> float:
        """The place of a value."""
        return float(self.values.index(value)) if self.kind == "names" else float(value)

    def dress(self, axes: Axes, size: Size) -> None:
        """Scale the axis and put ticks at the values themselves, as many as have room."""
        places = [self.at(value) for value in self.values]
        if self.kind in ("log", "symlog"):
            axes.set_xscale(self.kind, **({"linthresh": self.knee} if self.kind == "symlog" else {}))
        forward = axes.xaxis.get_transform().transform
        ends = forward(np.array([min(places), max(places)]))
        room = 0.5 if self.kind == "names" else 0.05 * (ends[1] - ends[0])
        axes.set_xlim(*axes.xaxis.get_transform().inverted().transform(np.array([ends[0] - room, ends[1] + room])))
        share = (forward(np.array(places)) - ends[0] + room) / (ends[1] - ends[0] + 2 * room)
        letters = max(3, int((size.width - _MARGINS) / len(places) / _LETTER) - 1)
        words = [clipped(show(value), letters) if self.kind == "names" else short(value) for value in self.values]
        shown = _apart([float(x) * (size.width - _MARGINS) for x in share], words)
        axes.xaxis.set_major_locator(FixedLocator([places[n] for n in shown]))
        axes.xaxis.set_major_formatter(FixedFormatter([words[n] for n in shown]))
        axes.xaxis.set_minor_locator(NullLocator())


def _apart(pixels: Sequence[float], words: Sequence[str]) -> list[int]:
    """The labels that have room beside one another: the last and, from the left, all that leave it its own."""
    kept: list[int] = []
    last = len(pixels) - 1
    for n in [last, *range(last)]:
        half = _LETTER * len(words[n]) / 2 + 3
        if all(abs(pixels[n] - pixels[m]) >= half + _LETTER * len(words[m]) / 2 for m in kept):
            kept.append(n)
    return sorted(kept)


def scale_of(values: Sequence[Any]) -> Scale:
    """The scale on which the values stand most evenly; names where one is no number."""
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return Scale(list(dict.fromkeys(values)), "names")
    rising = sorted(set(values))
    positive = [value for value in rising if value > 0]
    if rising[0] < 0 or len(positive) < 2 or positive[-1] < 4 * positive[0]:
        return Scale(rising, "linear")
    if _unevenness(np.log(positive)) < _unevenness(np.array(rising, dtype=np.float64)):
        return Scale(rising, "log" if rising[0] > 0 else "symlog")
    return Scale(rising, "linear")


def _unevenness(places: Floats) -> float:
    """How much the gaps between rising places differ: their standard deviation in units of their mean."""
    gaps = np.diff(places)
    return float(gaps.std() / gaps.mean())
