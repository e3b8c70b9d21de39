"""Plots as SVG that follows the page: matplotlib lays them out, CSS gives colours, fonts and one of two widths."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .style import GRID, INK, MUTED, VARIABLES, Style
from .text import short

WIDE, NARROW = 540, 340
TEXT = 12  # the size of every letter, in CSS pixels at the widths above
_LETTER = 6.6  # pixels of one beside an axis, about
_DPI = 72  # so that a point, matplotlib's unit, is a CSS pixel


@dataclass(frozen=True)
class Mark:
    """A line of a legend."""

    label: str
    style: Style


@dataclass(frozen=True)
class Plot:
    """A plot, ready for the page. `alt` says in words what a person would read off it."""

    key: str
    title: str
    caption: str
    alt: str
    wide: Markup
    narrow: Markup
    legend: Sequence[Mark] = ()


@dataclass(frozen=True)
class Size:
    """What a painter needs to know of its canvas, in pixels."""

    width: int
    height: int

    @property
    def narrow(self) -> bool:
        """Whether this is the phone's version."""
        return self.width < (WIDE + NARROW) / 2


Painter = Callable[[Axes, Size], None]


def both(
    key: str,
    paint: Painter,
    height: int = 300,
    margins: tuple[int, int, int, int] = (50, 18, 28, 44),
) -> tuple[Markup, Markup]:
    """Paint at both widths and return the SVG (wide, narrow). `margins` are left, right, top, bottom in pixels."""
    left, right, top, bottom = margins
    made: list[Markup] = []
    for letter, width in (("w", WIDE), ("n", NARROW)):
        size = Size(width, height)
        box = (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
        with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from")  # the browser has the font for it
            figure = Figure(figsize=(size.width / _DPI, size.height / _DPI), dpi=_DPI)
            FigureCanvasSVG(figure)
            axes = figure.add_axes(box)
            dress(axes, size)
            paint(axes, size)
            _make_room(axes, left, size)
            made.append(to_svg(figure, f"{key}-{letter}"))
    return made[0], made[1]


def _make_room(axes: Axes, left: int, size: Size) -> None:
    """Let axes begin further right where their numbers are longer than the margin, as −0.6928 is."""
    low, high = sorted(axes.get_ylim())
    said = axes.yaxis.get_major_formatter()
    seen = [said(place, at) for at, place in enumerate(axes.yaxis.get_majorticklocs()) if low <= place <= high]
    wanted = 12 + _LETTER * max(map(len, seen), default=0)
    if wanted > left:
        box = axes.get_position()
        axes.set_position((wanted / size.width, box.y0, box.x1 - wanted / size.width, box.height))


def dress(axes: Axes, size: Size) -> None:
    """Give axes the look of the house: one line below, a faint grid, few ticks."""
    axes.set_facecolor("none")
    axes.figure.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(MUTED)
        spine.set_linewidth(0.8)
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=TEXT, length=3, width=0.8, pad=5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4 if size.narrow else 6))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(short))
    axes.yaxis.set_major_formatter(FuncFormatter(short))


def name_axes(axes: Axes, x: str, y: str) -> None:
    """Name the axes: x below at the right end, y above at the left, where no letter is turned."""
    axes.annotate(
        y, (0, 1), (-44, 10), "axes fraction", "offset points", color=INK, fontsize=TEXT, annotation_clip=False
    )
    axes.annotate(
        x,
        (1, 0),
        (0, -36),
        "axes fraction",
        "offset points",
        color=INK,
        fontsize=TEXT,
        ha="right",
        annotation_clip=False,
    )


_DECIMALS = re.compile(r"(\.\d\d)\d+")  # a hundredth of a pixel is enough


def to_svg(figure: Figure, key: str) -> Markup:
    """The figure as an `<svg>` element whose bytes depend on its content alone.

    Ids that something refers to begin with `key`, as several plots share a page; the others become classes.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": key}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(xmlns(:\w+)?|version|width|height)="[^"]*"', "", text.split(">", 1)[0]) + ">" + _body(text, key)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    return Markup(text)  # matplotlib escapes the labels


def _body(text: str, key: str) -> str:
    body = text.split(">", 1)[1].replace("xlink:href", "href")
    used = set(re.findall(r'(?:url\(#|href="#)([\w-]+)', body))

    def rename(match: re.Match[str]) -> str:
        name = match[1]
        if name in used:
            return f' id="{key}-{name}"'
        return f' class="{name[3:]}"' if name.startswith("of-") else ""

    body = re.sub(r'\sid="([^"]*)"', rename, body)
    body = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{key}-", body)
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*;?", "", body)
    body = re.sub(r' (?:x|y|d|transform)="[^"]*"', lambda attribute: _DECIMALS.sub(r"\1", attribute[0]), body)
    body = re.sub(r' transform="rotate\(-0 [^"]*"', "", body)
    return re.sub(r"\s*\n\s*", " ", body)
