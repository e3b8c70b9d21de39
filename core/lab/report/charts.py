"""The figures of a reproduction: panels of lines, points, steps and bars, for the page and as one picture."""

import io
import math
import warnings
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from daedalus.core.arrays import Floats
from daedalus.core.lab.numerals import number
from daedalus.core.lab.reproduction import Figure, Line, Numbers

from .figures import Mark, Plot, Size, both, dress, name_axes
from .style import INK, PAPER, PRINTED, Style, styles, widened
from .text import listed, short

_MANY = 40  # points from which on a line bears a few markers only
_NOISY = 400  # points from which on a thick line would hide its own ups and downs
_WIDTH, _HEIGHT, _SHARPNESS = 540, 300, 2  # of a panel of the picture, in points; pixels a point
_TITLE, _LEFT, _BELOW, _LETTERS = 34, 56, 48, 22  # what stands around its axes, and a line of its legend


def looks_of(figures: Sequence[Figure]) -> dict[str, Style]:
    """A style for every label of an experiment's panels; what is theirs is drawn in ink."""
    role = {"ours": "", "theirs": "optimal"}
    return styles([[(line.label, role[line.whose]) for line in figure.lines] for figure in figures])


def chart(key: str, figure: Figure, looks: Mapping[str, Style]) -> Plot:
    """A panel for the page."""
    wide, narrow = both(key, lambda axes, size: _paint(axes, size, figure, looks))
    legend = [Mark(line.label, _seen(line, looks[line.label])) for line in figure.lines]
    return Plot(key, figure.title, _caption(figure), _alt(figure), wide, narrow, legend)


def picture(figures: Sequence[Figure]) -> bytes:
    """All panels of an experiment as one PNG, two in a row, on light paper."""
    looks, columns = looks_of(figures), min(2, len(figures))
    rows = [figures[at : at + columns] for at in range(0, len(figures), columns)]
    legends = [max(_LETTERS * math.ceil(len(one.lines) / _in_a_row(one)) for one in row) for row in rows]
    width, height = _WIDTH * columns, sum(_TITLE + _HEIGHT + legend for legend in legends)
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        canvas = Canvas(figsize=(width / 72, height / 72), dpi=72 * _SHARPNESS)
        FigureCanvasAgg(canvas)
        bottom = height
        for row, legend in zip(rows, legends, strict=True):
            bottom -= _TITLE + _HEIGHT + legend
            for column, figure in enumerate(row):
                place = column * _WIDTH + _LEFT, bottom + legend + _BELOW
                inside = _WIDTH - _LEFT - 24, _HEIGHT - _BELOW - 28
                box = (place[0] / width, place[1] / height, inside[0] / width, inside[1] / height)
                _panel(canvas.add_axes(box), figure, looks, inside)
        canvas.set_facecolor(PAPER)
        for artist in canvas.findobj():
            _print(artist)
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _panel(axes: Axes, figure: Figure, looks: Mapping[str, Style], inside: tuple[int, int]) -> None:
    """Paint a panel with its title above and its legend below; `inside` is the size of its axes."""
    size = Size(_WIDTH, _HEIGHT)
    dress(axes, size)
    _paint(axes, size, figure, looks)
    axes.set_title(figure.title, loc="left", x=-44 / inside[0], pad=30, fontsize=13, color=INK)
    under = (-52 / inside[0], -40 / inside[1])
    wide = _in_a_row(figure)
    axes.legend(loc="upper left", bbox_to_anchor=under, ncols=wide, frameon=False, fontsize=11, labelcolor=INK)


def _in_a_row(figure: Figure) -> int:
    """How many labels of a legend stand beside each other."""
    longest = max((len(line.label) for line in figure.lines), default=1)
    return max(1, min(3, int(_WIDTH / (60 + 6.6 * longest))))


def _print(artist: Artist) -> None:
    """Put the real colours of light paper where the page's stand-ins are."""
    for part in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
        get, change = getattr(artist, f"get_{part}", None), getattr(artist, f"set_{part}", None)
        if get is None or change is None:
            continue
        try:
            colours = to_rgba_array(get())  # one, or one for each of many pieces
        except (TypeError, ValueError):  # "auto" and the like
            continue
        if len(colours) and to_hex(colours[0]) in PRINTED:
            change((PRINTED[to_hex(colours[0])], float(colours[0][3])))


def _paint(axes: Axes, size: Size, figure: Figure, looks: Mapping[str, Style]) -> None:
    _scales(axes, figure)
    bars = [line for line in figure.lines if line.form == "bars"]
    for line in figure.lines:
        if line.form == "bars":
            _bars(axes, line, looks[line.label], bars.index(line), len(bars))
        else:
            _line(axes, line, looks[line.label], size)
    name_axes(axes, figure.x, figure.y)


def _scales(axes: Axes, figure: Figure) -> None:
    x = _joined([line.x for line in figure.lines])
    if figure.x_scale == "linear":
        low, high = float(x.min()), float(x.max())
        room = _room(figure, high - low)
        axes.set_xlim(low - room, high + room)
        if np.array_equal(x, x.round()):  # no half episodes or tiles
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    else:
        base = 2 if figure.x_scale == "log2" else 10
        axes.set_xscale("log", base=base)
        axes.set_xlim(float(x.min()) / base**0.15, float(x.max()) * base**0.15)
        axes.xaxis.set_major_formatter(FuncFormatter(short))
        if base == 2:
            powers = range(math.floor(math.log2(x.min())), math.ceil(math.log2(x.max())) + 1)
            axes.xaxis.set_major_locator(FixedLocator([2.0**power for power in powers]))
            axes.xaxis.set_major_formatter(FuncFormatter(_fraction))
        axes.xaxis.set_minor_locator(NullLocator())
    if figure.y_scale == "log10":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(short))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(*(figure.y_limits or _limits(figure)))


def _room(figure: Figure, span: float) -> float:
    """What is left free beside the outermost points, so that markers and bars are seen whole."""
    if any(line.form == "bars" for line in figure.lines):
        return 0.6
    marked = min(len(line.x) for line in figure.lines) <= _MANY
    return 0.03 * (span or 1) if marked or not span else 0.0


def _limits(figure: Figure) -> tuple[float, float]:
    y = _joined([end for line in figure.lines for end in _ends(line)])
    if figure.y_scale == "log10":
        positive = y[y > 0]
        return float(positive.min()) / 1.3, float(positive.max()) * 1.3
    low, high = widened(float(y.min()), float(y.max()))
    room = 0.05 * (high - low)
    if any(line.form == "bars" for line in figure.lines):
        return (low - room if low < 0 else 0.0), max(high, 0.0) + room
    return low - room, high + room


def _ends(line: Line) -> tuple[Numbers, ...]:
    """The line and, unless it would drown the lines, where its band ends; markers alone draw none."""
    if line.error is None:
        return (line.y,)
    y, reach = np.asarray(line.y, dtype=np.float64), 1.96 * np.asarray(line.error, dtype=np.float64)
    return (line.y, y - reach, y + reach) if np.nanmedian(reach) < np.nanmax(y) - np.nanmin(y) else (line.y,)


def _joined(parts: Sequence[Numbers]) -> Floats:
    """All finite numbers; 0 and 1 where there are none."""
    together = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts] or [np.empty(0)])
    finite: Floats = together[np.isfinite(together)]
    return finite if finite.size else np.array([0.0, 1.0])


def _fraction(value: float, _position: object = None) -> str:
    """1/8, 1, 4: the ticks of a parameter study."""
    return f"{value:g}" if value >= 1 else f"1/{round(1 / value)}"


def _seen(line: Line, style: Style) -> Style:
    """How a line's legend looks: points have no stroke to tell them by, so theirs get a marker."""
    if line.form == "points" and not style.marker:
        return Style(style.key, style.colour, "D", style.dash, style.role)
    return style


def _line(axes: Axes, line: Line, style: Style, size: Size) -> None:
    x, y = np.asarray(line.x, dtype=np.float64), np.asarray(line.y, dtype=np.float64)
    group = f"of-{style.key}"
    if line.error is not None:
        reach = 1.96 * np.asarray(line.error, dtype=np.float64)
        axes.fill_between(
            x,
            y - reach,
            y + reach,
            step="post" if line.form == "steps" else None,
            color=style.colour,
            alpha=0.16,
            linewidth=0,
            gid=f"{group} band",
        )
    few = 5 if size.narrow else 8
    every = (max(1, x.size // few) // 2, max(1, x.size // few)) if x.size > _MANY else 1
    points = line.form == "points"
    axes.plot(
        x,
        y,
        label=line.label,
        color=style.colour,
        linestyle="none" if points else style.dash,
        linewidth=1.5 if line.whose == "theirs" or x.size > _NOISY else 2,
        drawstyle="steps-post" if line.form == "steps" else "default",
        marker="None" if line.form == "steps" else _seen(line, style).marker or "None",
        markersize=6 if points else 5.5,
        markeredgewidth=0,
        markevery=1 if points else every,
        gid=f"{group} line",
        solid_capstyle="round",
        zorder=4 if points else 2 if line.whose == "theirs" else 3,
    )


def _bars(axes: Axes, line: Line, style: Style, place: int, count: int) -> None:
    """Bars beside each other, those of each line a little further right."""
    x, wide = np.asarray(line.x, dtype=np.float64), 0.8 / count
    reach = None if line.error is None else 1.96 * np.asarray(line.error, dtype=np.float64)
    axes.bar(
        x + (place - (count - 1) / 2) * wide,
        line.y,
        wide,
        yerr=reach,
        ecolor=INK,
        label=line.label,
        color=style.colour,
        gid=f"of-{style.key} line",
        zorder=3,
    )


_BANDS = "Bands are 95\u00a0% intervals of the mean over runs."


def _caption(figure: Figure) -> str:
    banded = any(line.error is not None for line in figure.lines)
    return " ".join(filter(None, [figure.caption, _BANDS if banded else ""]))


def _alt(figure: Figure) -> str:
    """The lowest and the highest number of each line, in words."""
    said = []
    for line in figure.lines:
        y = np.asarray(line.y, dtype=np.float64)
        y = y[np.isfinite(y)]
        said.append(f"{line.label} from {number(y.min())} to {number(y.max())}" if y.size else f"{line.label}: none")
    return f"{figure.title}. {figure.y} over {figure.x}: {listed(said)}."
