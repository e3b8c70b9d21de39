"""Plots of whole runs: intervals, performance profiles, probability of improvement."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from daedalus.core.lab.numerals import decimals_apart, interval, number
from daedalus.core.lab.statistics.measures import Estimate, Profile

from .figures import TEXT, Mark, Plot, Size, both, name_axes
from .style import GRID, INK, MUTED, Style, learners, widened
from .text import clipped, paired, short

_ROW = 40  # pixels a row: a line of text above a line of ink
_LETTER = 7.4  # pixels, generous for a letter of 12


@dataclass(frozen=True)
class Row:
    """One line of a plot of intervals."""

    label: str
    estimate: Estimate
    style: Style
    over: str = ""  # a second label, in a plot of pairs

    @property
    def name(self) -> str:
        """The row's whole name."""
        return f"{self.label} over {self.over}" if self.over else self.label


@dataclass(frozen=True)
class Rows:
    """What one plot of intervals shows. `mark` is a level that an upright stroke marks in every row."""

    key: str
    title: str
    x: str
    rows: Sequence[Row]
    caption: str
    mark: tuple[str, float] | None = None
    limits: tuple[float, float] | None = None
    percent: bool = False


def intervals(what: Rows) -> Plot:
    """Draw estimates with their intervals, one row each, its label above it."""
    rows = list(what.rows)
    said = _said(what)
    left, right = what.limits or _limits(what)

    def paint(axes: Axes, size: Size) -> None:
        axes.set_xlim(left, right)
        axes.set_ylim(len(rows) - 0.28, -0.72)
        axes.grid(axis="y", visible=False)
        axes.yaxis.set_major_locator(NullLocator())
        axes.yaxis.set_major_formatter(NullFormatter())
        if what.percent:
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
        for at, row in enumerate(rows):
            _row(axes, at, row, size, (left, right), said[at])
        if what.mark and left <= what.mark[1] <= right:
            for at in range(len(rows)):  # beside the ink only, so that no letter is crossed
                axes.plot([what.mark[1]] * 2, [at - 0.14, at + 0.14], color=INK, linewidth=1.5, zorder=4)
        name_axes(axes, what.x, "")

    wide, narrow = both(what.key, paint, height=_ROW * len(rows) + 56, margins=(26, 28, 6, 44))
    return Plot(what.key, what.title, what.caption, _alt(what), wide, narrow)


def _row(axes: Axes, at: int, row: Row, size: Size, limits: tuple[float, float], said: str) -> None:
    value, low, high = row.estimate
    left, right = limits
    colour = row.style.colour
    axes.axhline(at, color=GRID, linewidth=1, zorder=0)
    room = int((size.width - 54) / _LETTER) - len(said) - 3
    name = paired(row.label, row.over, room) if row.over else clipped(row.label, room)
    for text, end, colour_, side in ((name, 0, INK, "left"), (said, 1, MUTED, "right")):
        axes.annotate(
            text,
            (end, at),
            (0, 10),
            ("axes fraction", "data"),
            "offset points",
            color=colour_,
            fontsize=TEXT,
            ha=side,
        )
    if not math.isfinite(value):
        return
    if not left <= value <= right:
        edge, sign = (left, "<") if value < left else (right, ">")
        axes.plot([edge], [at], marker=sign, color=colour, markersize=8, clip_on=False, markeredgewidth=0)
        return
    if math.isfinite(low):
        axes.plot([low, high], [at, at], color=colour, linewidth=6, alpha=0.35, solid_capstyle="butt", zorder=2)
    mark = row.style.marker or "d"
    axes.plot([value], [at], marker=mark, color=colour, markersize=8, markeredgewidth=0, zorder=3, clip_on=False)


def _limits(what: Rows) -> tuple[float, float]:
    """Limits that hold the learners' intervals and the mark; random actions far from them are left to an arrow."""
    learning = [row for row in what.rows if row.style.role == "learner"] or list(what.rows)
    numbers = [number for row in learning for number in row.estimate if math.isfinite(number)]
    numbers += [what.mark[1]] if what.mark and math.isfinite(what.mark[1]) else []
    if not numbers:
        return 0.0, 1.0
    low, high = widened(min(numbers), max(numbers))
    span = high - low
    near = [row.estimate.value for row in what.rows if low - 0.6 * span <= row.estimate.value <= high + 0.6 * span]
    low, high = min([low, *near]), max([high, *near])
    span = max(span, high - low)
    return low - 0.06 * span, high + 0.06 * span


def _said(what: Rows) -> list[str]:
    """Every row's number in words."""
    values = [row.estimate.value for row in what.rows]
    if what.percent:
        return [f"{100 * value:.0f}\u00a0%" if math.isfinite(value) else "no number" for value in values]
    decimals = decimals_apart([*values, *(bound for row in what.rows for bound in row.estimate)])
    return [number(value, decimals) if math.isfinite(value) else "no number" for value in values]


def _alt(what: Rows) -> str:
    rows = []
    factor = 100 if what.percent else 1
    for row, said in zip(what.rows, _said(what), strict=True):
        bounds = interval(factor * row.estimate.low, factor * row.estimate.high)
        rows.append(f"{row.name} {said}{' ' + bounds if bounds else ''}")
    mark = f" The {what.mark[0]} is {number(what.mark[1])}." if what.mark else ""
    return f"{what.title}, {what.x}: {'; '.join(rows)}.{mark}"


def profiles(
    key: str, found: Mapping[str, Profile], looks: Mapping[str, Style], x: str, caption: str, title: str
) -> Plot:
    """Draw performance profiles: the share of runs that score above each threshold."""
    banded = learners(found, looks) or list(found)

    def paint(axes: Axes, size: Size) -> None:
        first = next(iter(found.values())).thresholds
        axes.set_xlim(float(first[0]), float(first[-1]))
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
        for label, profile in found.items():
            style = looks[label]
            group = f"of-{style.key}"
            if label in banded:
                axes.fill_between(
                    profile.thresholds,
                    profile.low,
                    profile.high,
                    color=style.colour,
                    alpha=0.1,
                    linewidth=0,
                    gid=f"{group} band",
                )
            every = profile.thresholds.size // 6
            axes.plot(
                profile.thresholds,
                profile.share,
                color=style.colour,
                linestyle=style.dash,
                linewidth=1.5 if style.role != "learner" else 2,
                marker=style.marker or "None",
                markersize=5.5,
                markeredgewidth=0,
                markevery=(every // 2, every),
                gid=f"{group} line",
            )
        name_axes(axes, x, "share of runs above")

    wide, narrow = both(key, paint)
    said = "; ".join(f"{label} {_crossing(profile)}" for label, profile in found.items())
    alt = f"{title}, share of runs above each {x}. Half of the runs score above: {said}."
    return Plot(key, title, caption, alt, wide, narrow, [Mark(label, looks[label]) for label in found])


def _crossing(profile: Profile) -> str:
    """The highest threshold that half of the runs exceed, in words."""
    above = np.flatnonzero(profile.share >= 0.5)
    if not above.size:
        return f"less than {short(float(profile.thresholds[0]))}"
    return number(float(profile.thresholds[above[-1]]))
