"""What a person reads in the terminal: the result table, the verdicts, a solution."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from daedalus.core.lab.statistics.comparison import Comparison, Result
    from daedalus.core.lab.statistics.verdict import Verdict

_NOTHING = "–"


def number(value: float | None) -> str:
    """Four significant digits, without an exponent where people would write none."""
    if value is None or value != value:
        return _NOTHING
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.3g}"
    digits = max(0, 3 - len(str(int(abs(value)))) + 1)
    text = f"{value:,.{min(digits, 3)}f}"
    return "0" if float(text.replace(",", "")) == 0 else text


def show_comparison(comparison: "Comparison") -> None:
    """Print a table for every world, the verdicts and, as the last line, the report's path."""
    console = Console()
    for position, world in enumerate(dict.fromkeys(result.world for result in comparison.results)):
        if position:
            console.print()
        console.print(_world_table(world, [result for result in comparison.results if result.world == world]))
    for verdict in comparison.verdicts:
        _say_verdict(console, verdict)
    typer.echo(str(comparison.report or comparison.run))


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


def _world_table(world: str, results: Sequence["Result"]) -> Table:
    bandit = any(result.optimal_rate_last_tenth is not None for result in results)
    seeds = sorted({result.seeds for result in results})
    runs = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}"
    caption = f"{runs} seed{'' if seeds == [1] else 's'}, {results[0].steps:,} steps"
    table = Table(
        title=f"[bold]{escape(world)}[/] [dim]· {caption}[/]",
        title_justify="left",
        box=None,
        header_style="dim",
        pad_edge=False,
    )
    table.add_column("agent", style="cyan", overflow="fold", max_width=28)
    for column in ("mean", "IQM", "95 % interval", "optimum", "regret", *(["% optimal"] if bandit else [])):
        table.add_column(column, justify="right", no_wrap=True)
    best = max((result.iqm for result in results if result.iqm is not None and result.agent != "optimal"), default=None)
    for result in results:
        interval = _NOTHING if result.iqm_low is None else f"[{number(result.iqm_low)}, {number(result.iqm_high)}]"
        rate = result.optimal_rate_last_tenth
        cells = [number(result.mean), number(result.iqm), interval, number(result.optimum), number(result.regret)]
        cells += [_NOTHING if rate is None else f"{100 * rate:.0f} %"] if bandit else []
        top = best is not None and result.iqm == best and result.agent != "optimal"
        table.add_row(Text(result.label), *map(Text, cells), style="bold green" if top else "")
    return table


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
    table = Table(title=f"[bold]{escape(world)}[/]", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right", style="cyan")
    for key, title in _FACTS.items():
        value = facts.get(key)
        text = (
            f"{value:,}"
            if isinstance(value, int)
            else _NOTHING
            if value is None
            else f"{value:g}"
            if key == "gamma"
            else f"{value:.6f}"
        )
        table.add_row(title, Text(text))
    Console().print(table)
