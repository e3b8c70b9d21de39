"""Plots of whole runs: intervals, performance profiles, probability of improvement."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from .figures import TEXT, Mark, Plot, Size, both, name_axes
from .plots_style import CEILING, FLOOR, INK, MUTED, Style
from .report_text import clipped, interval, listed, number, short
from .statistics import Estimate, Profile

_ROW = 38  # pixels a row: a line of text above a line of ink
_LETTER = 6.7  # pixels, generous for a letter of 12


@dataclass(frozen=True)
class Row:
    """One line of a plot of intervals."""

    label: str
    estimate: Estimate
    style: Style


@dataclass(frozen=True)
class Rows:
    """What one plot of intervals shows. `bounds` are levels to draw as vertical lines: (label, level, style)."""

    key: str
    title: str
    x: str
    rows: Sequence[Row]
    caption: str
    bounds: Sequence[tuple[str, float, Style]] = ()
    limits: tuple[float, float] | None = None
    percent: bool = False


def intervals(what: Rows) -> Plot:
    """Draw estimates with their intervals, one row each, its label above it."""
    rows = list(what.rows)
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
            _row(axes, at, row, size, (left, right), what.percent)
        for _, level, style in what.bounds:
            if left <= level <= right:
                axes.axvline(level, color=style.colour, linestyle=style.dash, linewidth=1.5, zorder=1)
        name_axes(axes, what.x, "")

    wide, narrow = both(what.key, paint, height=_ROW * len(rows) + 56, margins=(14, 22, 6, 44))
    named = {row.label for row in rows}
    legend = [
        Mark(label, style) for label, level, style in what.bounds if label not in named and left <= level <= right
    ]
    return Plot(what.key, what.title, what.caption, _alt(what), wide, narrow, legend)


def _row(axes: Axes, at: int, row: Row, size: Size, limits: tuple[float, float], percent: bool) -> None:
    value, low, high = row.estimate
    left, right = limits
    colour = row.style.colour
    axes.axhline(at, color="#010205", linewidth=1, zorder=0)
    room = int((size.width - 36) / _LETTER) - (10 if math.isfinite(value) else 0)
    axes.annotate(
        clipped(row.label, room), (0, at), (0, 9), ("axes fraction", "data"), "offset points", color=INK, fontsize=TEXT
    )
    said = (f"{100 * value:.0f} %" if percent else number(value)) if math.isfinite(value) else "no number"
    axes.annotate(
        said, (1, at), (0, 9), ("axes fraction", "data"), "offset points", color=MUTED, fontsize=TEXT, ha="right"
    )
    if not math.isfinite(value):
        return
    if not left <= value <= right:
        end, sign = (left, "<") if value < left else (right, ">")
        axes.plot([end], [at], marker=sign, color=colour, markersize=8, clip_on=False, markeredgewidth=0)
        return
    if math.isfinite(low):
        axes.plot([low, high], [at, at], color=colour, linewidth=6, alpha=0.35, solid_capstyle="butt", zorder=2)
    mark = row.style.marker or "d"
    axes.plot([value], [at], marker=mark, color=colour, markersize=8, markeredgewidth=0, zorder=3, clip_on=False)


def _limits(what: Rows) -> tuple[float, float]:
    """Limits that hold the learners' intervals and the ceiling; bounds far from them are left to arrows."""
    learning = [row for row in what.rows if row.style.role == "learner"] or list(what.rows)
    numbers = [number for row in learning for number in row.estimate if math.isfinite(number)]
    numbers += [level for _, level, style in what.bounds if style.role == "ceiling" and math.isfinite(level)]
    if not numbers:
        return 0.0, 1.0
    low, high = min(numbers), max(numbers)
    span = (high - low) or max(abs(high), 1.0) * 0.1
    for _, level, style in what.bounds:
        if style.role == "floor" and low - 0.6 * span <= level < low:
            low, span = level, high - level
    return low - 0.06 * span, high + 0.06 * span


def _alt(what: Rows) -> str:
    said = []
    for row in what.rows:
        factor = 100 if what.percent else 1
        bounds = interval(factor * row.estimate.low, factor * row.estimate.high)
        unit = " %" if what.percent else ""
        said.append(f"{row.label} {number(factor * row.estimate.value)}{unit}{' ' + bounds if bounds else ''}")
    levels = listed([f"{label} {number(level)}" for label, level, _ in what.bounds if math.isfinite(level)])
    return f"{what.title}, {what.x}: {'; '.join(said)}." + (f" For comparison: {levels}." if levels else "")


def profiles(
    key: str, found: Mapping[str, Profile], looks: Mapping[str, Style], x: str, caption: str, title: str
) -> Plot:
    """Draw performance profiles: the share of runs that score above each threshold."""

    def paint(axes: Axes, size: Size) -> None:
        first = next(iter(found.values())).thresholds
        axes.set_xlim(float(first[0]), float(first[-1]))
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
        for label, profile in found.items():
            style = looks[label]
            group = f"of-{style.key}"
            axes.fill_between(
                profile.thresholds,
                profile.low,
                profile.high,
                color=style.colour,
                alpha=0.13,
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


def bounds_of(ceiling: tuple[str, float] | None, floor: tuple[str, float] | None) -> list[tuple[str, float, Style]]:
    """The optimum and random actions as lines to draw, where they are known."""
    pairs = ((ceiling, CEILING), (floor, FLOOR))
    return [(bound[0], bound[1], style) for bound, style in pairs if bound and math.isfinite(bound[1])]
