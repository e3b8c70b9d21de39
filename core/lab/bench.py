"""`daedalus bench`: what runs how fast here, beside what others offer for the same work."""

import inspect
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from daedalus.core.catalogue import find, of_kind
from daedalus.core.errors import UserError

_REPETITIONS = 5


@dataclass(frozen=True)
class Row:
    """One comparison of two rates, both measured now, one after the other."""

    name: str
    ours_per_second: float
    peer: str
    peer_per_second: float

    @property
    def ratio(self) -> float:
        """How many times the peer's rate ours is."""
        return self.ours_per_second / self.peer_per_second

    def facts(self) -> dict[str, Any]:
        """The row as JSON has it."""
        rates = {"ours_per_second": self.ours_per_second, "peer": self.peer, "peer_per_second": self.peer_per_second}
        return {"name": self.name, **rates, "ratio": self.ratio}


#: What an entry of the kind "bench" names: rows as they are measured, `quick` for a rough look. One that measures
#: accelerators, too, takes the name of a `device` besides.
Bench = Callable[..., Iterable[Row]]


def rate(work: Callable[[], object], units: int, quick: bool) -> float:
    """How many units a second `work` does, `units` at each call: the median of five spells, after one to warm up."""
    spell = 0.01 if quick else 0.15  # seconds
    work()
    calls, start = 0, time.perf_counter()
    while calls < 1 or time.perf_counter() - start < spell / 3:
        work()
        calls += 1
    calls = max(1, int(calls * spell / (time.perf_counter() - start)))
    return statistics.median(_spell(work, calls) for _ in range(_REPETITIONS)) * units


def _spell(work: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return calls / (time.perf_counter() - start)


def if_it_runs(package: str, measure: Callable[[], float]) -> float | None:
    """What was measured of an installed package, its own words kept off stdout; None where it is not there or fails.

    One that fails is told on stderr.
    """
    try:
        if find_spec(package) is None:
            return None
        with redirect_stdout(sys.stderr):
            return measure()
    except Exception as error:  # whatever may be wrong with somebody else's installation
        typer.echo(f"{package} is installed but does not run, and its row is left out: {error!r}", err=True)
        return None


def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to measure: agents, envs, …", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list and nothing else on stdout.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look, in seconds.")] = False,
    device: Annotated[
        str | None, typer.Option(help="Where models run: cpu, cuda, mps. If not given, the CPU.", show_default=False)
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure speed here and now, beside others on the same work: one thread, medians of five spells.

    Example:

      daedalus bench envs
    """
    measure: Bench = find("bench", name).load()
    if device is not None:
        if "device" not in inspect.signature(measure).parameters:
            raise UserError(f"bench {name} runs on the CPU alone; leave --device out")
        measure = partial(measure, device=device)
    if as_json:
        typer.echo(json.dumps([row.facts() for row in measure(quick)], allow_nan=False, ensure_ascii=False))
        return
    typer.echo(f"{of_kind('bench')[name].summary} One thread; medians of {_REPETITIONS} spells.")
    for row in measure(quick):
        ours, theirs = _short(row.ours_per_second), _short(row.peer_per_second)
        ratio = f"{row.ratio:,.0f}" if row.ratio >= 10 else f"{row.ratio:.2f}"
        typer.echo(f"  {row.name:<46} {ours:>8}/s   {ratio:>7} × {theirs:>8}/s of {row.peer}")


def _short(per_second: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if per_second >= size:
            return f"{per_second / size:.3g} {letter}"
    return f"{per_second:.3g}"
