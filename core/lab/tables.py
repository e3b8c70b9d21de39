"""What a person reads in the terminal: the result table, the verdicts, a solution."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from daedalus.core.spec import show

from .numerals import DASH, MINUS, count, decimals_in, interval, number
from .reproduction import numbers
from .words import words_of

if TYPE_CHECKING:
    from daedalus.core.lab.statistics.comparison import Comparison, Result
    from daedalus.core.lab.statistics.verdict import Verdict

    from .fits import Judged
    from .report.reproductions import Found
    from .tuning import Tuned

_NARROWEST = 12  # letters of the label column


def show_comparison(comparison: "Comparison") -> None:
    """Print a table for every world, the verdicts and, as the last line, the report's path."""
    console = Console()
    _say_comparison(console, comparison)
    typer.echo(str(comparison.report or comparison.run))


def _say_comparison(console: Console, comparison: "Comparison") -> None:
    for position, world in enumerate(dict.fromkeys(result.world for result in comparison.results)):
        if position:
            console.print()
        _show_world(console, world, [result for result in comparison.results if result.world == world])
    for verdict in comparison.verdicts:
        _say_verdict(console, verdict)


_TOP = 5  # proposals of a search


def show_tuned(tuned: "Tuned") -> None:
    """Print the best proposals, the comparison on fresh seeds, a sentence and, as the last line, the report's path."""
    console = Console()
    search = tuned.search
    console.print(Text.assemble(("search", "bold"), (f" · {search.agent} in {search.world}", "dim")))
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("score", justify="right", style="cyan", no_wrap=True)
    keys = [one.key for one in search.space]
    for key in keys:
        table.add_column(key, justify="right", overflow="fold")
    shown = tuned.ranked[:_TOP]
    decimals = decimals_in([], [one.score for one in shown])
    for one in shown:
        table.add_row(number(one.score, decimals), *(Text(show(one.params[key])) for key in keys))
    console.print(table)
    console.print()
    _say_comparison(console, tuned.comparison)
    console.print()
    console.print(Text(tuned.sentence))
    typer.echo(str(tuned.comparison.report or tuned.comparison.run))


def _say_verdict(console: Console, verdict: "Verdict") -> None:
    console.print()
    console.print(Text(verdict.world, style="bold"))
    console.print(_indented(verdict.headline))
    for statement in verdict.statements:
        console.print(_indented(statement))
    for warning in verdict.warnings:
        console.print(_indented(warning, "yellow"))


def _indented(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style=style), (0, 0, 0, 2), expand=False)


def _show_world(console: Console, world: str, results: Sequence["Result"]) -> None:
    seeds = sorted({result.seeds for result in results})
    runs = count(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]}–{count(seeds[-1], 'seed')}"
    measure = results[0].measure
    judged = f"{measure} on the test part, " if measure else ""
    caption = f"{judged}{runs}, {count(results[0].steps, words_of(measure).step)}"
    apart = " · " if len(world) + len(caption) + 3 <= console.width else "\n"
    console.print(Text.assemble((world, "bold"), (f"{apart}{caption}", "dim")))
    console.print(_world_table(results, console.width))


def _world_table(results: Sequence["Result"], width: int) -> Table:
    bandit = any(result.optimal_rate_last_tenth is not None for result in results)
    words = words_of(results[0].measure)
    heads = ["mean", "IQM", "95 % interval", words.optimum, words.regret, *(["% optimal"] if bandit else [])]
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(words.agent, style="cyan", overflow="fold")
    values = [value for result in results for value in (result.iqm, result.mean, result.optimum)]
    decimals = decimals_in([(result.iqm_low, result.iqm_high) for result in results], values)
    rows = [_cells(result, decimals, bandit) for result in results]
    if results[0].measure and all(result.optimum is None for result in results):  # mostly nobody knows it
        heads, rows = heads[:3], [row[:3] for row in rows]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    taken = sum(2 + max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True))
    best = max((result.iqm for result in results if result.iqm is not None and result.agent != "optimal"), default=None)
    for result, cells in zip(results, rows, strict=True):
        top = best is not None and result.iqm == best and result.agent != "optimal"
        label = _broken(result.label, max(_NARROWEST, width - taken))
        table.add_row(Text(label), *map(Text, cells), style="bold green" if top else "")
    return table


def _cells(result: "Result", decimals: int, bandit: bool) -> list[str]:
    rate = result.optimal_rate_last_tenth
    cells = [number(value, decimals) for value in (result.mean, result.iqm)]
    cells.append(interval(result.iqm_low, result.iqm_high, decimals) or DASH)
    cells += [number(value, decimals) for value in (result.optimum, result.regret)]
    return cells + ([DASH if rate is None else f"{100 * rate:.0f} %"] if bandit else [])


def _broken(label: str, room: int) -> str:
    """A label in lines of at most `room` letters, broken where its parts meet wherever that is possible."""
    lines = [""]
    for part in re.split(r"(?<=[:,(])", label):
        if lines[-1] and len(lines[-1]) + len(part) > room:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


_FACTS = {
    "optimal_value": "optimal value",
    "optimal_value_within_horizon": "… within the time limit",
    "random_value": "random play",
    "states": "states",
    "actions": "actions",
    "gamma": "γ",
    "horizon": "time limit",
}


def show_solution(world: str, facts: Mapping[str, Any]) -> None:
    """Print the solution of a world as a small table."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right", style="cyan")
    for key, title in _FACTS.items():
        value = facts.get(key)
        text = (
            f"{value:,}"
            if isinstance(value, int)
            else DASH
            if value is None
            else f"{value:g}"
            if key == "gamma"
            else f"{value:,.6f}".replace("-", MINUS)
        )
        table.add_row(title, Text(text))
    console = Console()
    console.print(Text(world, style="bold"))
    console.print(table)


def show_judged(found: "Sequence[Judged]") -> None:
    """Print models judged again: their scores on the held-out parts, beside what their run says."""
    console = Console()
    for data in dict.fromkeys(one.data for one in found):
        mine = [one for one in found if one.data == data]
        table = Table(box=None, header_style="dim", pad_edge=False)
        table.add_column("model", style="cyan", overflow="fold")
        for head in ("validation", "test", "test, as stored", "seeds"):
            table.add_column(head, justify="right", no_wrap=True)
        for one in mine:
            scores = (one.validation[one.measure], one.test[one.measure], one.stored)
            table.add_row(Text(one.label), *(number(score, 4) for score in scores), f"{one.seeds:,}")
        console.print(Text.assemble((data, "bold"), (f" · judged by {mine[0].measure.replace('_', ' ')}", "dim")))
        console.print(table)
        if told := _told(mine):
            console.print(told)


def _told(judged: "Sequence[Judged]") -> Table | None:
    """Whatever else the models tell of themselves, on the test part: a row a number, a column a model."""
    names = dict.fromkeys(name for one in judged for name in one.test if name != one.measure)
    if not names:
        return None
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("on the test part", style="dim", overflow="fold")
    for one in judged:
        table.add_column(Text(one.label), justify="right", style="none")
    for name in names:
        known = [one.test[name] for one in judged if name in one.test]
        decimals = (
            0 if all(value.is_integer() for value in known) and max(map(abs, known)) > 1 else 4
        )  # counts, or shares
        cells = (number(one.test[name], decimals) if name in one.test else DASH for one in judged)
        table.add_row(name.replace("_", " "), *cells)
    return table


def show_found(found: "Found") -> None:
    """Print what a reproduction found: ours beside theirs, row by row."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("quantity", style="cyan", overflow="fold")
    for head in ("ours", "± SE", "theirs"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("judged", style="dim")
    for row in found.rows:
        mark = Text("✓", style="green") if row.passed else Text("✗", style="bold red")
        table.add_row(mark, *map(Text, (row.quantity, *numbers(row), row.rule)))
    console = Console()
    console.print(Text.assemble((found.name, "bold"), (f" · {found.summary}", "dim")))
    console.print(table)
    console.print()
