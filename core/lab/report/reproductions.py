"""The page of reproductions: ours beside theirs, and the figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from daedalus.core.files import make_folder, write_bytes
from daedalus.core.lab.numerals import count
from daedalus.core.lab.reproduction import Figure, Row, numbers
from daedalus.core.lab.store.provenance import now, provenance

from .charts import chart, looks_of, picture
from .figures import Plot
from .origin import duration, moment
from .tables import Cell, Column, Table
from .templating import template

_COLUMNS = (
    Column("Quantity", numeric=False),
    Column("Ours", hint="mean over runs ± standard error; no error where it is computed"),
    Column("Theirs", hint="what was published, or the exact value"),
    Column("Judged", numeric=False, hint="how far ours may lie from theirs"),
    Column("Passed", numeric=False),
    Column("Source", numeric=False),
)


@dataclass(eq=False)
class Found:
    """What an experiment has yielded."""

    name: str
    summary: str
    rows: list[Row] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    seconds: float = 0.0
    fault: str = ""  # why it broke off
    left_out: str = ""  # which data it lacks
    details: str = ""  # the traceback of that

    @property
    def passed(self) -> bool:
        """Whether it came to its end and every row passed."""
        return not self.fault and all(row.passed for row in self.rows)


@dataclass(frozen=True, eq=False)
class Section:
    """Everything the page says of one experiment."""

    key: str
    found: Found
    facts: str
    table: Table
    plots: Sequence[Plot]


def write_pictures(found: Found, folder: Path) -> None:
    """Write an experiment's picture as `<name>.png`, where it has one."""
    if found.figures:
        make_folder(folder)
        write_bytes(folder / f"{found.name}.png", picture(found.figures))


def write_page(all_found: Sequence[Found], folder: Path, command: str) -> Path:
    """Write `index.html` with every table and figure, and return its path. It needs no other file."""
    make_folder(folder)
    path = folder / "index.html"
    write_bytes(path, render(all_found, command).encode())
    return path


def render(all_found: Sequence[Found], command: str) -> str:
    """The page as HTML."""
    rows = [row for found in all_found for row in found.rows]
    missed = sum(not row.passed for row in rows)
    facts = f"{count(len(all_found), 'experiment')}, {count(len(rows), 'row')}"
    made = provenance(command)
    software = [(name, made["versions"][name]) for name in ("numpy", "numba") if name in made["versions"]]
    lines = [("daedalus", made["daedalus"]), ("python", made["python"]), *software, ("cpu", made["cpu"])]
    return template("reproductions.html").render(
        title=f"{len(rows) - missed} of {count(len(rows), 'row')} reproduced",
        facts=facts,
        date=moment(now()),
        sections=[_section(found) for found in all_found],
        missed=[(row.experiment, row.quantity) for row in rows if not row.passed],
        faults=[(found.name, found.fault) for found in all_found if found.fault],
        left_out=[(found.name, found.left_out) for found in all_found if found.left_out],
        command=command,
        origin=[line for line in lines if line[1]],
    )


def _section(found: Found) -> Section:
    looks = looks_of(found.figures)
    plots = [chart(f"{found.name}-{place}", figure, looks) for place, figure in enumerate(found.figures)]
    facts = f"{count(len(found.rows), 'row')} in {duration(found.seconds)}"
    cells = [_cells(row) for row in found.rows]
    return Section(found.name, found, facts, Table(f"{found.name}: ours beside theirs", _COLUMNS, cells), plots)


def _cells(row: Row) -> list[Cell]:
    ours, error, theirs = numbers(row)
    return [
        Cell(row.quantity),
        Cell(ours, row.ours, extra=f"± {error}" if row.standard_error else ""),
        Cell(theirs, row.theirs),
        Cell(row.rule),
        Cell("✓" if row.passed else "✗ missed"),
        Cell(row.source),
    ]
