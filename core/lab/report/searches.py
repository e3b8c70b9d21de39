"""A search for parameters drawn from its journal: every proposal's score against each parameter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from daedalus.core.lab.numerals import count, number
from daedalus.core.lab.space import Choice, Range, parse_space
from daedalus.core.lab.store.run import JOURNAL
from daedalus.core.spec import show

from .figures import Mark, Plot, Size, both, name_axes
from .scales import Scale
from .style import INK, SERIES, Style

if TYPE_CHECKING:
    from daedalus.core.lab.search import Tried
    from daedalus.core.lab.store.run import Run

_MOST = 6  # plots: a search in more dimensions is told by its table
_NO_LINE = (0, (0.0, 40.0))
_POINT, _BEST = Style("point", SERIES[0], "o", _NO_LINE), Style("best", INK, "D", _NO_LINE)


@dataclass(frozen=True, eq=False)
class SearchSection:
    """Everything the page says of the search that came before the run."""

    facts: str
    plots: Sequence[Plot]


def search_section(run: "Run") -> SearchSection | None:
    """The search in a run's folder; None where there was none, or nothing was judged to the end."""
    journal = run.path / JOURNAL
    if not journal.exists():
        return None
    from daedalus.core.lab.search import found_in

    what, tried = found_in(journal)
    scored = [(one.score, one) for one in tried if one.score is not None]
    if not scored:
        return None
    best = max(scored, key=lambda pair: pair[0])[1]
    goal = "the value at the end" if what["goal"] == "final" else "the value over the learning curve"
    proposals, given_up = count(len(tried), "proposal"), len(tried) - len(scored)
    facts = (
        f"{proposals} for {what['agent']} in {what['world']}, {given_up} given up on the way. A score is the mean of "
        f"{goal} over {count(what['seeds'], 'seed')}. The highest of many flatters; the results above are of other "
        "seeds, and do not."
    )
    plots = [
        _scores(f"search-{place + 1}", one, [each for _, each in scored], best)
        for place, one in enumerate(parse_space(what["space"])[:_MOST])
    ]
    return SearchSection(facts, plots)


def _scores(key: str, one: Range | Choice, scored: "Sequence[Tried]", best: "Tried") -> Plot:
    """One parameter: a point a proposal, the best one marked."""
    others = " From point to point the other parameters differ too." if len(best.params) > 1 else ""
    scale = _scale(one)
    places = [scale.at(_place(one, each)) for each in scored]
    scores = [each.score or 0.0 for each in scored]

    def paint(axes: Axes, size: Size) -> None:
        scale.dress(axes, size)
        points: dict[str, Any] = {"linestyle": "None", "markeredgewidth": 0}
        axes.plot(places, scores, "o", color=_POINT.colour, alpha=0.55, markersize=6, gid="of-point line", **points)
        at = scored.index(best)
        axes.plot(places[at], scores[at], "D", color=INK, markersize=8, gid="of-best line", **points)
        axes.margins(y=0.08)
        name_axes(axes, one.key, "score")

    wide, narrow = both(key, paint)
    alt = (
        f"The score of {count(len(scored), 'proposal')} against {one.key}. "
        f"The best, {number(best.score)}, has {show(best.params[one.key])}."
    )
    caption = f"Every proposal that was judged to the end.{others}"
    return Plot(key, f"Search: {one.key}", caption, alt, wide, narrow, [Mark("proposal", _POINT), Mark("best", _BEST)])


def _place(one: Range | Choice, each: "Tried") -> Any:
    return show(each.params[one.key]) if isinstance(one, Choice) else each.params[one.key]


def _scale(one: Range | Choice) -> Scale:
    """The axis of a parameter, with ticks at its ends and in between."""
    if isinstance(one, Choice):
        return Scale([show(value) for value in one.values], "names")
    if one.log:
        powers = range(math.floor(math.log10(one.low)), math.floor(math.log10(one.high)) + 1)
        round_ = [first * 10.0**power for power in powers for first in ((1, 2, 5) if len(powers) < 4 else (1,))]
        return Scale(sorted({one.low, one.high, *(tick for tick in round_ if one.low < tick < one.high)}), "log")
    return Scale([one.low + (one.high - one.low) * part / 4 for part in range(5)], "linear")
