"""One self-contained page for a run, made from its store and its comparison alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from daedalus.core.files import write_bytes
from daedalus.core.lab.experiment import GRADIENTS, WEIGHTS
from daedalus.core.lab.numerals import count
from daedalus.core.lab.statistics.aggregates import Aggregate
from daedalus.core.lab.statistics.comparison import Comparison, Result
from daedalus.core.lab.statistics.verdict import Verdict
from daedalus.core.lab.words import AGENTS, Words
from daedalus.core.spec import Spec

from .exhibits import Exhibition, exhibitions
from .figures import Plot
from .fits import layer_plots, scalar_plots
from .galleries import Gallery, galleries
from .origin import origin
from .searches import search_section
from .studies import coloured
from .study_plots import best_of_lines, study_plots, thinned, thinning_words, world_study_plots
from .style import Style, styles
from .summary import Row, Rows, intervals, profiles
from .tables import Table, aggregate_table, results_table, settings_table
from .templating import template
from .text import clipped, listed, slug
from .worlds import Household, Lived, world_facts, world_plots

if TYPE_CHECKING:
    from daedalus.core.lab.experiment import Group
    from daedalus.core.lab.store.run import Run


@dataclass(frozen=True, eq=False)
class WorldSection:
    """Everything the page says of one world in one group."""

    key: str
    title: str
    full: str  # as the user would type it
    facts: Sequence[str]
    verdict: Verdict | None
    plots: Sequence[Plot]
    galleries: Sequence[Gallery]
    bandit: bool
    layers: Sequence[Plot] = ()
    details: Sequence[Plot] = ()
    exhibitions: Sequence[Exhibition] = ()


@dataclass(frozen=True, eq=False)
class GroupSection:
    """Everything the page says of one group."""

    key: str
    title: str
    facts: str
    results: Table
    aggregates: Table | None
    studies: Sequence[Plot]
    plots: Sequence[Plot]
    settings: Table | None
    several: bool  # learners, whose settings may differ
    worlds: Sequence[WorldSection]


def write_report(run: "Run", comparison: Comparison) -> Path:
    """Write `report.html` into the run's folder, whole or not at all, and return its path.

    Equal runs give equal bytes: nothing but the store is read, and no clock.
    """
    path = run.path / "report.html"
    write_bytes(path, render(run, comparison).encode())
    return path


def render(run: "Run", comparison: Comparison) -> str:
    """The report as HTML."""
    looks = styles(
        [[(label, agent.name) for _ in group.worlds for label, agent in group.agents] for group in run.plan.groups]
    )
    houses = _houses(run, comparison, looks)
    for house in (house for group in houses for house in group):
        if house.studies:
            looks.update(coloured({one.label: looks[one.label] for one in house.lived}, house.studies[0].lines))
    groups = _groups(run, comparison, houses, looks)
    return template("report.html").render(
        title=run.plan.name or run.path.name,
        kind=_kind(run, _common([house for group in houses for house in group])),
        groups=groups,
        search=search_section(run),
        origin=origin(run.plan, run.provenance, _seconds(houses, "seconds"), _seconds(houses, "seconds_evaluating")),
        facts=_facts(run, _common([house for group in houses for house in group])),
        learners="learners" if _common([house for group in houses for house in group]) is AGENTS else "models",
        settings=_settings([house for group in houses for house in group]),
        missing=run.missing(),
    )


def _houses(run: "Run", comparison: Comparison, looks: Mapping[str, Style]) -> list[list[Household]]:
    """The worlds of each group with everything finished that lived in them."""
    members = {(member.world, member.label): member for member in run.members()}
    results = {(result.world, result.label): result for result in comparison.results}
    found: list[list[Household]] = []
    for index, group in enumerate(run.plan.groups):
        found.append([])
        for world in map(str, group.worlds):
            lived, mine = [], []
            for label, _ in group.agents:
                member, result = members.get((world, label)), results.get((world, label))
                if member is None or result is None:
                    continue  # no finished seed: the page says so in words
                lived.append(Lived(member, member.curve()))
                mine.append(result)
            if lived:
                key = f"g{index + 1}-{len(found[-1]) + 1}-{slug(world)[:40]}"
                found[-1].append(Household(key, world, lived, mine, looks))
    return found


def _groups(
    run: "Run", comparison: Comparison, houses: list[list[Household]], looks: Mapping[str, Style]
) -> list[GroupSection]:
    titles = _titles([house for group in houses for house in group])
    verdicts = list(comparison.verdicts)
    thin = {house.key: thinned(house) for group in houses for house in group}
    pictures, shown = galleries(list(thin.values())), exhibitions(list(thin.values()))
    sections = []
    for index, (group, mine) in enumerate(zip(run.plan.groups, houses, strict=True)):
        if not mine:
            continue
        worlds = []
        for house in mine:
            verdict = next((one for one in verdicts if one.world == house.world), None)
            if verdict:
                verdicts.remove(verdict)
            key, title = house.key, titles[house.key]
            facts = [*world_facts(house), *filter(None, [thinning_words(house, thin[key])])]
            plots = [*study_plots(house), *world_plots(thin[key], comparison)]
            layers = layer_plots(thin[key], GRADIENTS)
            more = [*scalar_plots(thin[key]), *layer_plots(thin[key], WEIGHTS)]
            drawn = pictures[key]
            worlds.append(
                WorldSection(
                    key, title, house.world, facts, verdict, plots, drawn, house.bandit, layers, more, shown[key]
                )
            )
        sections.append(_group(index, group, mine, worlds, comparison, looks))
    return sections


def _group(
    index: int,
    group: "Group",
    houses: list[Household],
    worlds: list[WorldSection],
    comparison: Comparison,
    looks: Mapping[str, Style],
) -> GroupSection:
    results: list[Result] = [result for house in houses for result in house.results]
    anchors = {house.world: (world.title, world.key) for house, world in zip(houses, worlds, strict=True)}
    aggregates = [one for one in comparison.aggregates if one.group == index]
    several = bool(aggregates) and len(aggregates[0].worlds) > 1
    names = [world.title for world in worlds]
    words = houses[0].words
    title = clipped(listed(names), 60) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} other {words.world}s"
    shown = best_of_lines(houses[0], {one.label: one.iqm.value for one in aggregates})
    drawn = [one for one in aggregates if one.label in shown]
    settings = {one.label: {"algorithm": one.agent} | one.member.settings for house in houses for one in house.lived}
    key = f"g{index + 1}"
    return GroupSection(
        key,
        title,
        f"{count(len(settings), words.agent)}, {count(group.seeds, 'seed')}, {count(group.steps, words.step)} each",
        results_table(results, looks, anchors, f"Results: {title}", words),
        aggregate_table(aggregates, looks, f"Across {len(aggregates[0].worlds)} {words.world}s", words)
        if several
        else None,
        world_study_plots(key, houses, looks),
        _group_plots(key, drawn, looks, words) if several else [],
        settings_table(settings, looks, f"Settings that differ: {title}", words),
        len(settings) > 1,
        worlds,
    )


def _group_plots(key: str, found: Sequence[Aggregate], looks: Mapping[str, Style], words_: Words) -> list[Plot]:
    """How the agents fare across several worlds whose truth is known."""
    normalised = f"Scores are normalised: 0 is {words_.random}, 1 the {words_.optimum}."
    bars = f"Bars are 95\u00a0% bootstrap intervals, strokes the {words_.optimum}."
    made = []
    for name, title, best in (("iqm", "Aggregate score", "higher"), ("optimality_gap", "Optimality gap", "lower")):
        rows = [Row(one.label, getattr(one, name), looks[one.label]) for one in found]
        rows.sort(key=lambda row: row.estimate.value * (1 if best == "lower" else -1))
        words = "Interquartile mean" if name == "iqm" else f"Mean distance from the {words_.optimum}"
        note = f"{words} over {words_.world}s and seeds; {best} is better. {normalised} {bars}"
        mark = (words_.optimum, 1.0 if best == "higher" else 0.0)
        made.append(intervals(Rows(f"{key}-{name}", title, "normalised score", rows, note, mark, _span(rows))))
    note = f"How many runs end above each score; higher and further right is better. {normalised} Bands are 95\u00a0%."
    shares = {one.label: one.profile for one in found}
    made.append(profiles(f"{key}-profile", shares, looks, "normalised score", note, "Performance profile"))
    return made


def _span(rows: Sequence[Row]) -> tuple[float, float]:
    """From random actions to the optimum, and further only where an agent lies outside."""
    inside = [number for row in rows for number in row.estimate if np.isfinite(number)]
    return min(0.0, *inside) - 0.04, max(1.0, *inside) + 0.04


def _titles(houses: Sequence[Household]) -> dict[str, str]:
    """A short name for each world: the last part of its name, with parameters where that alone is not unique."""
    short = {house.key: _short(house.lived[0].member.experiment.world) for house in houses}
    names = list(short.values())
    return {
        house.key: short[house.key]
        if names.count(short[house.key]) == 1
        else clipped(f"{short[house.key]}{house.world.removeprefix(house.lived[0].member.experiment.world.name)}", 48)
        for house in houses
    }


def _common(houses: Sequence[Household]) -> Words:
    """What things are called all over the page: as where everything is a data set, or else as in worlds."""
    return houses[0].words if houses and all(house.measure for house in houses) else AGENTS


def _kind(run: "Run", words: Words) -> str:
    """What the page is about: one model on one data set is compared with nothing."""
    alone = len({(world, agent) for group in run.plan.groups for world in group.worlds for agent in group.agents}) == 1
    return "model" if alone and words is not AGENTS else "comparison"


def _facts(run: "Run", words: Words) -> str:
    """How much was run, in a line."""
    worlds = {str(world) for group in run.plan.groups for world in group.worlds}
    agents = {agent for group in run.plan.groups for agent in group.agents}
    runs = sum(experiment.seeds for experiment in run.plan.experiments())
    steps = sum(experiment.seeds * experiment.steps for experiment in run.plan.experiments())
    return ", ".join(
        count(amount, noun)
        for amount, noun in (
            (len(worlds), words.world),
            (len(agents), words.agent),
            (runs, "run"),
            (steps, words.step),
        )
    )


def _short(world: Spec) -> str:
    return PurePath(world.name).name or world.name


def _seconds(houses: list[list[Household]], column: str) -> float:
    """Wall-clock seconds of all blocks together: a block's seeds tell the same time, different blocks never do."""
    total = 0.0
    for house in (house for group in houses for house in group):
        for one in house.lived:
            if column in one.curve.column_names:  # older runs do not tell evaluation apart
                last = np.asarray(one.curve["step"]) == one.member.experiment.steps
                seconds = np.unique(np.asarray(one.curve[column], dtype=np.float64)[last])
                total += float(seconds[np.isfinite(seconds)].sum())
    return total


def _settings(houses: Sequence[Household]) -> str:
    """Every member's resolved settings as JSON."""
    full = {
        f"{one.label} in {one.member.world}": {"agent": str(one.member.experiment.agent)} | one.member.settings
        for house in houses
        for one in house.lived
    }
    return json.dumps(full, indent=2, ensure_ascii=False)
