"""`daedalus reproduce`: published experiments, rerun here; ours beside theirs, and the figures."""

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daedalus.core.catalogue import Entry, of_kind
from daedalus.core.errors import MissingData, UserError, unknown

from .reproduction import Figure, Reproduction

if TYPE_CHECKING:
    from .report.reproductions import Found

_MISSED = 1  # exit status
_LONGEST = 200  # letters of an error: a compiler's go on for pages


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME…]", help="Experiments; none lists what there is.", show_default=False),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="GROUP", help="All experiments of a group, such as classic.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All experiments.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs: a rough look, in seconds each.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list and nothing else on stdout.")] = False,
    out: Annotated[Path, typer.Option(help="Where pictures and the page are written.")] = Path("runs/reproduce"),
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Experiments at a time; the cores if not given.", show_default=False)
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Rerun published experiments, and put ours beside theirs with standard errors; the exit status is 1 if one misses.

    A picture for each experiment and a page of all are written; the page's path is the last line.

    Examples:

      daedalus reproduce cliff windy

      daedalus reproduce --group classic --quick
    """
    chosen = chosen_entries(names or (), group, everything)
    if not chosen:
        _list(as_json)
        return
    from daedalus.core.files import make_folder

    from .report.reproductions import write_page, write_pictures
    from .store.provenance import typed_command
    from .tables import show_found

    make_folder(out)  # now, rather than find out after minutes that it cannot be
    all_found = []
    for found in run_entries(chosen, quick, jobs or os.cpu_count() or 1):
        all_found.append(found)
        if found.left_out and found.name in (names or ()):  # of a group it is left out, by name it was asked for
            found.fault, found.left_out = found.left_out, ""
        write_pictures(found, out)
        if found.left_out:
            sys.stderr.write(f"{found.name} is left out: {found.left_out}\n")
        if found.fault:
            sys.stderr.write(f"{found.name} broke off: {found.fault}\n{found.details if debug else ''}")
        if not as_json:
            show_found(found)
    page = write_page(all_found, out, typed_command())
    if as_json:
        rows = [row.facts() for found in all_found for row in found.rows]
        typer.echo(json.dumps(rows, allow_nan=False, ensure_ascii=False))
    else:
        typer.echo(str(page))
    if not all(found.passed for found in all_found):
        raise typer.Exit(_MISSED)


def chosen_entries(names: Sequence[str], group: str | None, everything: bool) -> list[Entry]:
    """The entries that are asked for, each once, in the catalogue's order; none where nothing is asked for.

    Raises `UserError` for unknown names and groups, with the nearest.
    """
    known = of_kind("reproduction")
    if everything and (names or group):
        raise UserError("--all runs every experiment; leave the names and --group out, or --all")
    groups = {name for entry in known.values() for name in entry.suits}
    if group is not None and group not in groups:
        raise unknown("group of reproductions", group, groups)
    for name in names:
        if name not in known:
            raise unknown("reproduction", name, known)
    return [entry for entry in known.values() if everything or entry.name in names or group in entry.suits]


def _list(as_json: bool) -> None:
    entries = of_kind("reproduction").values()
    if as_json:
        listed = [{"name": entry.name, "summary": entry.summary, "groups": list(entry.suits)} for entry in entries]
        typer.echo(json.dumps(listed, ensure_ascii=False))
        return
    wide = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        typer.echo(f"  {entry.name:<{wide}}  {entry.summary}  [{', '.join(entry.suits)}]")
    typer.echo("Give names, --group GROUP or --all.")


def run_entries(entries: Sequence[Entry], quick: bool, jobs: int) -> Iterator["Found"]:
    """Run experiments, some at a time on threads (compiled code leaves them free), and yield them in order.

    An experiment that raises is yielded with its fault. The threads die with the process, so an interrupt ends all.
    """
    from .report.reproductions import Found

    waiting: queue.SimpleQueue[tuple[int, Entry]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Found]] = queue.SimpleQueue()
    for task in enumerate(entries):
        waiting.put(task)

    def work() -> None:
        while True:
            try:
                place, entry = waiting.get_nowait()
            except queue.Empty:
                return
            sys.stderr.write(f"{entry.name} …\n")  # for whoever waits
            sys.stderr.flush()
            done.put((place, run_entry(entry, quick)))

    for _ in range(min(jobs, len(entries))):
        threading.Thread(target=work, daemon=True).start()
    early: dict[int, Found] = {}
    for place in range(len(entries)):
        while place not in early:
            number, found = done.get()
            early[number] = found
        yield early.pop(place)


def run_entry(entry: Entry, quick: bool) -> "Found":
    """Run one experiment to its end, or to its error."""
    from .report.reproductions import Found

    found, began = Found(entry.name, entry.summary), time.perf_counter()
    try:
        experiment: Reproduction = entry.load()
        for one in experiment(quick):
            if isinstance(one, Figure):
                found.figures.append(one)
            else:
                found.rows.append(replace(one, experiment=entry.name))
    except MissingData as error:
        found.left_out = str(error)
    except Exception as error:
        said = " ".join(str(error).split())
        said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}… (--debug shows all)"
        found.fault = said if isinstance(error, UserError) else f"{type(error).__name__}: {said}"
        found.details = traceback.format_exc()
    found.seconds = time.perf_counter() - began
    return found
