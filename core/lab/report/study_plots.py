"""Parameter studies drawn: the final score over the values of a setting, one line an agent; and across worlds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from daedalus.core.lab.numerals import interval, number
from daedalus.core.lab.statistics.measures import Estimate
from daedalus.core.spec import show

from .bands import Band, over_seeds
from .bounds import Bound
from .figures import Mark, Plot, Size, both, name_axes
from .plots import Curves, curve_limits, draw_levels, draw_line
from .scales import Scale, scale_of
from .studies import MOST, Line, Study, leaders, line_styles, setting_of, studies
from .style import CEILING, FLOOR, Style, learners
from .text import listed
from .worlds import Household, Lived, final_scores

Scores = Mapping[Any, Estimate]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What one plot shows: the score of each line at each value, and what bounds them.

    A bound that differs from value to value is a line itself, under its label, and stands in `moving` by its role.
    """

    key: str
    title: str
    x: str
    y: str
    caption: str
    lines: Mapping[str, Scores]
    looks: Mapping[str, Style]
    ceiling: Bound | None = None
    floor: Bound | None = None


def study_plots(house: Household) -> list[Plot]:
    """The studies of one world; a line with less than two known scores is left out."""
    known = {one.label: score for one in house.lived if (score := _score(one, house))}
    y = house.final
    made = []
    for place, study in enumerate(house.studies):
        lines: dict[str, Scores] = {}
        looks: dict[str, Style] = {}
        for (name, line), style in zip(_named(study), line_styles(study, house.looks), strict=True):
            points = {
                value: known[label] for value, label in zip(line.values, line.labels, strict=True) if label in known
            }
            if len(points) > 1:
                lines[name], looks[name] = points, style
        if not lines:
            continue
        best = sorted(lines, key=lambda name: -max(score.value for score in lines[name].values()))[:MOST]
        more = f" Of {len(lines)} lines the {MOST} with the best points are drawn." if len(lines) > MOST else ""
        caption = f"Mean {y} against {study.parameter}; along a line all other settings are alike. {house.note}{more}"
        made.append(
            _draw(
                Sheet(
                    f"{house.key}-study-{place + 1}",
                    f"Parameter study: {study.parameter}",
                    study.parameter,
                    y,
                    caption,
                    {name: points for name, points in lines.items() if name in best},
                    looks,
                    house.ceiling,
                    house.floor,
                )
            )
        )
    return made


def _named(study: Study) -> list[tuple[str, Line]]:
    """Every line with a name of its own."""
    several = len({line.key for line in study.lines}) > 1
    plain = [f"{line.name}: {line.key}" if several else line.name for line in study.lines]
    return [
        (name if plain.count(name) == 1 else f"{name}, {line.labels[0]} to {line.labels[-1]}", line)
        for name, line in zip(plain, study.lines, strict=True)
    ]


def _score(one: Lived, house: Household) -> Estimate | None:
    """The mean over seeds of the final score with its interval; None where none is known."""
    values = final_scores(one)
    if not values.size:
        return None
    band = over_seeds(np.zeros(1), values[:, np.newaxis])
    computed = bool(np.all(np.asarray(one.curve["exact"])))
    if house.ceiling and computed and not (house.bandit or house.own_layouts or house.contextual):
        band = band.within(high=house.ceiling.level)
    return Estimate(float(band.mean[0]), float(band.low[0]), float(band.high[0]))


def thinned(house: Household) -> Household:
    """The household with only the best of each line, where it has more learners than a plot can show."""
    score = {result.label: -math.inf if result.mean is None else result.mean for result in house.results}
    chosen = best_of_lines(house, score)
    kept = [one.label in chosen for one in house.lived]
    return replace(
        house,
        lived=[one for one, keep in zip(house.lived, kept, strict=True) if keep],
        results=[one for one, keep in zip(house.results, kept, strict=True) if keep],
    )


def best_of_lines(house: Household, score: Mapping[str, float]) -> list[str]:
    """The labels of all, or of studies with more learners than a plot can show only the best of each line."""
    labels = [label for label in (one.label for one in house.lived) if label in score]
    learning = learners(labels, house.looks)
    if not house.studies or len(learning) <= MOST:
        return labels
    chosen = leaders(learning, house.studies[0].lines, score)
    return [label for label in labels if label in chosen or label not in learning]


def thinning_words(house: Household, thin: Household) -> str:
    """What `thinned` left out, in words; empty where nothing was."""
    if len(thin.lived) == len(house.lived):
        return ""
    learning = len(learners((one.label for one in house.lived), house.looks))
    return (
        f"of {learning} learners, plots after the parameter study and pictures show the best of each line alone, "
        "picked by these very scores"
    )


def world_study_plots(key: str, houses: Sequence[Household], looks: Mapping[str, Style]) -> list[Plot]:
    """The final score against each parameter in which worlds of a group differ, one line an agent."""
    specs = [house.lived[0].member.experiment.world for house in houses]
    named = {house.world: setting_of(spec.name, spec.mapping) for house, spec in zip(houses, specs, strict=True)}
    found = studies(named, several=2)
    by_world = {house.world: house for house in houses}
    lines = [line for study in found for line in study.lines]
    made = (
        _across(f"{key}-worlds-{place + 1}", line, [by_world[world] for world in line.labels], looks)
        for place, line in enumerate(lines)
    )
    return [plot for plot in made if plot]


def _across(key: str, line: Line, houses: Sequence[Household], looks: Mapping[str, Style]) -> Plot | None:
    """One plot across worlds that differ in one parameter alone."""
    scores: dict[str, dict[Any, Estimate]] = {}
    for value, house in zip(line.values, houses, strict=True):
        for one in house.lived:
            if looks[one.label].role == "learner" and (score := _score(one, house)):
                scores.setdefault(one.label, {})[value] = score
    everywhere = {label: points for label, points in scores.items() if len(points) == len(houses)}
    if not everywhere:
        return None
    mean = {label: sum(score.value for score in points.values()) / len(houses) for label, points in everywhere.items()}
    shown = best_of_lines(houses[0], mean)
    more = f" Of {len(everywhere)} learners those of the best mean are drawn." if len(shown) < len(everywhere) else ""
    y = houses[0].final
    caption = f"Mean {y} against {line.key}; all else in {line.of} is alike. {houses[0].note}{more}"
    return _draw(
        Sheet(
            key,
            f"Across {houses[0].words.world}s: {line.name}, {line.key}",
            line.key,
            y,
            caption,
            {label: everywhere[label] for label in shown},
            looks,
            _moving([house.ceiling for house in houses], line.values),
            _moving([house.floor for house in houses], line.values),
        )
    )


def _moving(bounds: Sequence[Bound | None], values: Sequence[Any]) -> Bound | None:
    """The levels of several worlds under one label, each at the place of its world's value."""
    known = [bound for bound in bounds if bound and math.isfinite(bound.level)]
    if not known or len(known) < len(values):
        return None
    scale = scale_of(values)
    stairs = tuple((scale.at(value), bound.level) for value, bound in zip(values, known, strict=True))
    return Bound(known[0].label, known[-1].level, stairs)


def _draw(sheet: Sheet) -> Plot:
    scale = scale_of(list(dict.fromkeys(value for points in sheet.lines.values() for value in points)))
    bands = {name: _band(scale, points) for name, points in sheet.lines.items()}
    caption = sheet.caption
    if scale.kind == "names":
        caption = caption.replace("Lines are", "Points are").replace("bands their pointwise", "bars their")
    what = Curves(sheet.key, sheet.title, sheet.y, bands, sheet.looks, caption, sheet.ceiling, sheet.floor)

    def paint(axes: Axes, size: Size) -> None:
        bottom, top = curve_limits(bands, what)
        if sheet.floor and max(sheet.floor.levels) < bottom:
            bottom -= 0.08 * (top - bottom)  # room for the words that tell it
        axes.set_ylim(bottom, top)
        scale.dress(axes, size)
        for place, (name, band) in enumerate(bands.items()):
            if scale.kind == "names":
                _bars(axes, band, sheet.looks[name], (place - (len(bands) - 1) / 2) * min(0.15, 0.6 / len(bands)))
            else:
                draw_line(axes, band, sheet.looks[name], size)
        still = replace(what, ceiling=_unmoved(sheet.ceiling, bottom), floor=_unmoved(sheet.floor, bottom))
        draw_levels(axes, still, {}, bottom, top)
        for bound, style in ((sheet.ceiling, CEILING), (sheet.floor, FLOOR)):
            if bound and bound.stairs:
                places, levels = np.array(bound.stairs).T
                draw_line(axes, Band(places, levels, *np.full((2, places.size), np.nan)), style, size)
        name_axes(axes, sheet.x, sheet.y)

    wide, narrow = both(sheet.key, paint)
    legend = [Mark(name, sheet.looks[name]) for name in bands]
    for bound, style in ((sheet.ceiling, CEILING), (sheet.floor, FLOOR)):
        if bound and math.isfinite(bound.level):
            legend.append(Mark(bound.label, style))
    return Plot(sheet.key, sheet.title, caption, _alt(sheet), wide, narrow, legend)


def _unmoved(bound: Bound | None, bottom: float) -> Bound | None:
    """A bound that is one level; of one that moves what is to be told of it, where all of it lies below the plot."""
    if bound and bound.stairs:
        highest = max(bound.levels)
        return Bound(f"{bound.label} below", highest) if highest < bottom else None
    return bound


def _band(scale: Scale, points: Scores) -> Band:
    places = np.array([scale.at(value) for value in points])
    return Band(places, *np.array(list(points.values()), dtype=np.float64).T)


def _bars(axes: Axes, band: Band, style: Style, aside: float) -> None:
    """Points with upright bars, those of several lines side by side: nothing lies between two names."""
    group = f"of-{style.key}"
    axes.vlines(
        band.steps + aside, band.low, band.high, color=style.colour, alpha=0.35, linewidth=5, gid=f"{group} band"
    )
    axes.plot(
        band.steps + aside,
        band.mean,
        linestyle="None",
        marker=style.marker or "o",
        color=style.colour,
        markersize=7,
        markeredgewidth=0,
        gid=f"{group} line",
    )


def _alt(sheet: Sheet) -> str:
    """Each line's best value and its score, in words."""
    said = []
    for name, points in sheet.lines.items():
        value = max(points, key=lambda value: points[value].value)
        bounds = interval(points[value].low, points[value].high)
        said.append(f"{name} {number(points[value].value)}{' ' + bounds if bounds else ''} at {show(value)}")
    known = [bound for bound in (sheet.ceiling, sheet.floor) if bound and math.isfinite(bound.level)]
    levels = [
        f"{bound.label} {number(bound.levels[0])} to {number(bound.level)}" if bound.stairs else bound.words
        for bound in known
    ]
    more = f" For comparison: {listed(levels)}." if levels else ""
    return f"{sheet.title}. The best {sheet.y} of each line, and the {sheet.x} that gives it: {'; '.join(said)}.{more}"
