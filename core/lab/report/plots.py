"""Curves over steps: value, regret, share of the best arm."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from daedalus.core.lab.numerals import interval, number

from .bands import Band
from .bounds import Bound
from .figures import TEXT, Mark, Plot, Size, both, name_axes
from .style import CEILING, FLOOR, INK, MUTED, Style, learners, widened
from .text import clipped, listed, short

_BANDS = "Lines are means over seeds, bands their pointwise 95\u00a0% intervals (Student’s t)."


_LOGARITHMIC = "The axis is logarithmic down to its lowest decade and linear from there to 0."


_MOST_CHANGES = 20  # as many upright lines as leave a curve to be seen


def change_words(changes: Sequence[float]) -> str:
    """`at step 1,000`, `at steps 1,000 and 2,000`, `at steps 100, 200, 300 and 17 later ones`."""
    said = [f"{step:,.0f}" for step in changes[:4]]
    if len(changes) > 4:
        said[3:] = [f"{len(changes) - 3} later ones"]
    return f"at step{'' if len(changes) == 1 else 's'} {listed(said)}"


def band_note(seeds: int) -> str:
    """What lines and bands are."""
    return _BANDS if seeds > 1 else "One seed, so there are no bands."


@dataclass(frozen=True, eq=False)
class Curves:
    """What one plot of curves shows: a band for each label, and the levels that bound them.

    A floor far below all curves is told in words instead of drawn. `changes` are the steps at which the world changes.
    """

    key: str
    title: str
    y: str
    bands: Mapping[str, Band]
    looks: Mapping[str, Style]
    caption: str
    ceiling: Bound | None = None
    floor: Bound | None = None
    scale: Literal["linear", "log"] = "linear"
    limits: tuple[float, float] | None = None
    x: str = "steps"
    decimals: int | None = field(default=None)
    changes: Sequence[float] = ()


def curves(what: Curves) -> Plot:
    """Draw curves with their bands, best last."""
    shown = {label: band for label, band in what.bands.items() if band.known}
    banded = learners(shown, what.looks) or list(shown)
    logarithmic = what.scale == "log" and decades(shown)

    def paint(axes: Axes, size: Size) -> None:
        last = max(band.steps[-1] for band in shown.values())
        axes.set_xlim(0, last if last > 0 else 1)
        bottom, top = what.limits or curve_limits(shown, what)
        if logarithmic:
            log_axis(axes, shown)
        else:
            axes.set_ylim(0 if what.scale == "log" else bottom, top)
        for label, band in shown.items():
            draw_line(axes, band if label in banded else band.bare(), what.looks[label], size)
        if what.scale == "linear":
            draw_levels(axes, what, shown, bottom, top)
        for step in what.changes if len(what.changes) <= _MOST_CHANGES else ():
            axes.axvline(step, color=MUTED, linestyle=(0, (1, 3)), linewidth=1, zorder=1)
        name_axes(axes, what.x, what.y)

    wide, narrow = both(what.key, paint)
    legend = [Mark(label, what.looks[label]) for label in shown]
    named = {mark.label for mark in legend}
    for bound, style in ((what.ceiling, CEILING), (what.floor, FLOOR)):
        if bound and bound.label not in named and math.isfinite(bound.level):
            legend.append(Mark(bound.label, style))
    caption = f"{what.caption} {_LOGARITHMIC}" if logarithmic else what.caption
    return Plot(what.key, what.title, caption, _alt(what, shown), wide, narrow, legend)


def draw_line(axes: Axes, band: Band, style: Style, size: Size) -> None:
    """One label's curve. Optimum and random are thin and without markers, learners bear about six."""
    group = f"of-{style.key}"
    thin = style.role != "learner"
    there = np.isfinite(band.mean)
    steps, mean = band.steps[there], band.mean[there]
    low, high = band.low[there], band.high[there]
    if np.isfinite(low).any():
        axes.fill_between(steps, low, high, color=style.colour, alpha=0.16, linewidth=0, gid=f"{group} band")
    every = max(1, steps.size // (5 if size.narrow else 8))
    axes.plot(
        steps,
        mean,
        color=style.colour,
        linestyle=style.dash,
        linewidth=1.5 if thin else 2,
        marker=style.marker or "None",
        markersize=5.5,
        markeredgewidth=0,
        markevery=(every // 2, every),
        gid=f"{group} line",
        solid_capstyle="round",
        zorder=2 if thin else 3,
        clip_on=True,
    )


def curve_limits(shown: Mapping[str, Band], what: Curves) -> tuple[float, float]:
    """Limits that hold every learner's curve and the ceiling, and the floor where it lies near."""
    learning = [band for label, band in shown.items() if what.looks[label].role == "learner"] or list(shown.values())
    ends = [np.concatenate([band.mean, band.low, band.high]) for band in learning]
    numbers = np.concatenate(ends)
    numbers = numbers[np.isfinite(numbers)]
    low, high = float(numbers.min()), float(numbers.max())
    if what.ceiling and math.isfinite(what.ceiling.level):
        low, high = min(low, *what.ceiling.levels), max(high, *what.ceiling.levels)
    low, high = widened(low, high)
    span = high - low
    if what.floor and low - 0.6 * span <= min(what.floor.levels) < low:
        low, span = min(what.floor.levels), high - min(what.floor.levels)
    return low - 0.05 * span, high + 0.05 * span


def draw_levels(axes: Axes, what: Curves, shown: Mapping[str, Band], bottom: float, top: float) -> None:
    """Lines at the ceiling and the floor; what lies below the plot is told in its corner."""
    below = [(label, band.last()[0]) for label, band in shown.items() if what.looks[label].role == "floor"]
    if what.ceiling and math.isfinite(what.ceiling.level):
        _stairs(axes, what.ceiling, color=INK, linestyle=CEILING.dash, zorder=4, gid="of-ceiling line")
    if what.floor and math.isfinite(what.floor.level):
        _stairs(axes, what.floor, color=MUTED, linestyle=FLOOR.dash, zorder=2, gid="of-floor line")
        below.append((what.floor.label, what.floor.level))
    for label, level in below:
        if level < bottom:
            words = f"{clipped(label, 24)} {short(level)} ↓"
            axes.annotate(
                words, (1, 0), (-4, 5), "axes fraction", "offset points", color=MUTED, fontsize=TEXT, ha="right"
            )


def _stairs(axes: Axes, bound: Bound, **look: Any) -> None:
    """A level across the plot, or one that moves."""
    if not bound.stairs:
        axes.axhline(bound.level, linewidth=1.5, **look)
        return
    since, levels = zip(*bound.stairs, strict=True)
    last = max(since[-1], axes.get_xlim()[1])
    axes.plot([*since, last], [*levels, levels[-1]], drawstyle="steps-post", linewidth=1.5, **look)


def decades(shown: Mapping[str, Band]) -> bool:
    """Whether the curves span more than a linear axis can show: decades, or a good part of one and then zero."""
    means = np.concatenate([band.mean[np.isfinite(band.mean)] for band in shown.values()])
    positive = means[means > 0]
    return bool(positive.size and positive.max() > (20 if positive.size == means.size else 5) * positive.min())


def log_axis(axes: Axes, shown: Mapping[str, Band]) -> None:
    """A logarithmic axis that can also show zero: linear below the smallest decade that matters."""
    positive = np.concatenate([band.mean[np.isfinite(band.mean) & (band.mean > 0)] for band in shown.values()])
    highest = float(positive.max()) if positive.size else 1.0
    lowest = float(positive.min()) if positive.size else 0.1
    top = math.ceil(math.log10(highest) - 1e-9)
    knee = max(math.floor(math.log10(lowest)), top - 4)
    knee = min(knee, top - 1)
    axes.set_yscale("symlog", linthresh=10.0**knee, linscale=0.6)
    axes.set_ylim(-0.04 * 10.0**knee, highest * 1.25)
    axes.yaxis.set_major_locator(FixedLocator([0.0, *(10.0**power for power in range(knee, top + 1))]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(short))


def _alt(what: Curves, shown: Mapping[str, Band]) -> str:
    """The numbers at the end of each curve, best first, in words."""
    end = max(band.steps[-1] for band in shown.values())
    lines = []
    for label, band in shown.items():
        mean, low, high = band.last()
        bounds = interval(low, high)
        lines.append(f"{label} {number(mean)}{' ' + bounds if bounds else ''}")
    text = f"{what.title}. {what.y} after {number(end)} {what.x}: {'; '.join(lines)}."
    if what.changes:
        text += f" The world changes {change_words(what.changes)}."
    bounds_said = [b.words for b in (what.ceiling, what.floor) if b and math.isfinite(b.level)]
    return f"{text} For comparison: {listed(bounds_said)}." if bounds_said else text
