"""The tables of a report as plain values; the template only lays them out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daedalus.core.lab.numerals import DASH, decimals_in, interval, number
from daedalus.core.lab.statistics.aggregates import Aggregate
from daedalus.core.lab.statistics.comparison import Result
from daedalus.core.lab.statistics.measures import Estimate
from daedalus.core.lab.words import AGENTS, Words

from .style import Style, learners


@dataclass(frozen=True)
class Cell:
    """One cell: what is shown and what it is sorted by."""

    text: str
    sort: float | str = ""
    style: Style | None = None
    link: str = ""
    extra: str = ""  # said after the text, more softly


@dataclass(frozen=True)
class Column:
    """A column's head; `hint` explains it."""

    name: str
    numeric: bool = True
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """A table of cells, all rows as long as the columns."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class _Field:
    """A column of the result table: it is left out where no result has that number."""

    column: Column
    key: str
    percent: bool = False


_FIELDS = (
    _Field(Column("IQM", hint="interquartile mean of the final value over seeds, with its 95 % interval"), "iqm"),
    _Field(Column("Mean", hint="mean of the final value over seeds"), "mean"),
    _Field(Column("Optimum", hint="the best possible value, computed exactly"), "optimum"),
    _Field(Column("Regret", hint="optimum minus value, mean over seeds"), "regret"),
    _Field(
        Column("Dynamic regret", hint="optimum of the moment minus value, mean over the evaluation points of a run"),
        "dynamic_regret",
    ),
    _Field(Column("Reward, last tenth", hint="mean reward per pull in the last tenth of the run"), "reward_last_tenth"),
    _Field(
        Column("Best arm, last tenth", hint="share of pulls of the best arm in the last tenth of the run"),
        "optimal_rate_last_tenth",
        percent=True,
    ),
    _Field(Column("Seeds"), "seeds"),
    _Field(Column("Steps"), "steps"),
)


def results_table(
    results: Sequence[Result],
    looks: Mapping[str, Style],
    titles: Mapping[str, tuple[str, str]],
    caption: str,
    words: Words = AGENTS,
) -> Table:
    """The results of a group, world by world, best first. `titles` gives each world's name and anchor."""
    fields = [field for field in _FIELDS if any(_known(result, field.key) for result in results)]
    if len({result.steps for result in results}) == 1:  # the page says it beside the table
        fields = [field for field in fields if field.key != "steps"]
    several = len({result.world for result in results}) > 1
    head = [_named(words.agent), *([_named(words.world)] if several else [])]
    rows: list[list[Cell]] = []
    for world in dict.fromkeys(result.world for result in results):
        mine = [result for result in results if result.world == world]
        values = [value for result in mine for value in (result.iqm, result.mean, result.optimum)]
        decimals = decimals_in([(result.iqm_low, result.iqm_high) for result in mine], values)
        for result in sorted(mine, key=lambda result: -(result.iqm if result.iqm is not None else -math.inf)):
            title, anchor = titles[world]
            row = [Cell(result.label, result.label.lower(), looks.get(result.label))]
            row += [Cell(title, title.lower(), link=anchor)] if several else []
            rows.append(row + [_cell(result, field, decimals) for field in fields])
    return Table(caption, [*head, *(_column(field, results[0].measure, words) for field in fields)], rows)


def _named(noun: str) -> Column:
    return Column(noun[:1].upper() + noun[1:], numeric=False)


def _column(field: _Field, measure: str | None, words: Words) -> Column:
    """A column's head; where models are judged, the optimum and the regret have other names."""
    if measure is None:
        return field.column
    said = {
        "iqm": f"interquartile mean of the {words.final} over seeds, with its 95 % interval",
        "mean": f"mean of the {words.final} over seeds",
        "optimum": "the best that any model can reach on average, computed exactly",
        "regret": "ceiling minus score, mean over seeds",
    }
    names = {"optimum": words.optimum.title(), "regret": words.regret.title()}
    return Column(names.get(field.key, field.column.name), hint=said.get(field.key, field.column.hint))


def _known(result: Result, key: str) -> bool:
    return getattr(result, key) is not None


def _cell(result: Result, field: _Field, decimals: int) -> Cell:
    value = getattr(result, field.key)
    if value is None or math.isnan(value):
        return Cell(DASH, -math.inf)
    if isinstance(value, int):
        return Cell(f"{value:,}", value)
    if field.percent:
        return Cell(f"{100 * value:.1f} %", value)
    bounds = interval(result.iqm_low, result.iqm_high, decimals) if field.key == "iqm" else ""
    return Cell(number(value, decimals), value, extra=bounds)


def aggregate_table(
    found: Sequence[Aggregate], looks: Mapping[str, Style], caption: str, words: Words = AGENTS
) -> Table:
    """Each agent across the worlds of its group, on normalised scores."""
    columns = [
        _named(words.agent),
        Column("IQM", hint="interquartile mean"),
        Column("Median"),
        Column("Mean"),
        Column("Optimality gap", hint=f"how far below the {words.optimum}, on average; lower is better"),
        Column("Runs"),
    ]
    rows = [
        [
            Cell(one.label, one.label.lower(), looks.get(one.label)),
            *(_estimate(estimate) for estimate in (one.iqm, one.median, one.mean, one.optimality_gap)),
            Cell(f"{one.seeds:,}", one.seeds),
        ]
        for one in sorted(found, key=lambda one: -one.iqm.value)
    ]
    return Table(caption, columns, rows)


def _estimate(estimate: Estimate) -> Cell:
    bounds = interval(estimate.low, estimate.high, 3)
    return Cell(number(estimate.value, 3), estimate.value, extra=bounds)


def settings_table(
    settings: Mapping[str, Mapping[str, Any]], looks: Mapping[str, Style], caption: str, words: Words = AGENTS
) -> Table | None:
    """The settings in which learners differ, one row an agent; None where no two differ."""
    flat = {label: dict(_flatten(given)) for label, given in settings.items()}
    keys = list(dict.fromkeys(key for given in flat.values() for key in given))
    judged = [flat[label] for label in learners(flat, looks)] or list(flat.values())
    shown = [key for key in keys if len({_said(given.get(key, _ABSENT)) for given in judged}) > 1]
    if not shown:
        return None
    rows = [
        [
            Cell(label, label.lower(), looks.get(label)),
            *(_setting(given.get(key, _ABSENT)) for key in shown),
        ]
        for label, given in flat.items()
    ]
    return Table(caption, [_named(words.agent), *(Column(key, numeric=_numeric(flat, key)) for key in shown)], rows)


_ABSENT = object()


def _numeric(flat: Mapping[str, Mapping[str, Any]], key: str) -> bool:
    """Whether a setting is a number wherever it is given."""
    given = [settings[key] for settings in flat.values() if key in settings]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in given)


def _flatten(given: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _said(value: Any) -> str:
    if value is _ABSENT:
        return DASH
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _setting(value: Any) -> Cell:
    if value is _ABSENT:
        return Cell(DASH, -math.inf)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(_said(value), value if is_number else _said(value).lower())
