"""How far a run is: bars on a terminal, a line now and then elsewhere. Always on stderr."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .resolve import Seat

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from .runner import Task

_LINE_SECONDS = 10.0

Key = tuple[str, str]


class Watcher:
    """What the runner tells while it runs; this one says nothing. Use it as a context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def at(self, task: "Task", step: int) -> None:
        """All seeds of a task have come to `step`."""

    def resumed(self, task: "Task", step: int) -> None:
        """A task goes on at `step`, to which it came in an earlier run."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def tick(self) -> None:
        """Time has passed."""


class Tally:
    """Steps done and to do, over all seeds of each member; `left` is how many seeds of each are to do.

    The time that is left is judged by what was done after the first word from a worker: before it, kernels compile.
    """

    def __init__(self, seats: Sequence[Seat], left: Sequence[int]) -> None:
        self.total = {key_of(seat): seat.experiment.seeds * seat.experiment.steps for seat in seats}
        self.done = {
            key_of(seat): (seat.experiment.seeds - seeds) * seat.experiment.steps
            for seat, seeds in zip(seats, left, strict=True)
        }
        self._at: dict[tuple[Key, int], int] = {}
        self._new = 0  # done since `_started`
        self._started: float | None = None

    def at(self, task: "Task", step: int) -> Key:
        """Count a task's progress; returns the member it belongs to."""
        new = self._move(task, step)
        if step == task.seat.experiment.steps:
            del self._at[key_of(task.seat), task.seeds.start]  # it is done; nothing more is heard of it
        if self._started is None:
            self._started = time.monotonic()
        else:
            self._new += new
        return key_of(task.seat)

    def resumed(self, task: "Task", step: int) -> Key:
        """Count what was done in an earlier run; returns the member it belongs to."""
        self._move(task, step)
        return key_of(task.seat)

    def _move(self, task: "Task", step: int) -> int:
        """Move a task on; returns how many steps of all its seeds that is."""
        key = key_of(task.seat)
        last = self._at.get((key, task.seeds.start), 0)
        self._at[key, task.seeds.start] = max(step, last)
        new = max(step - last, 0) * len(task.seeds)
        self.done[key] += new
        return new

    def line(self) -> str:
        """All of it in a line."""
        done, total = sum(self.done.values()), sum(self.total.values())
        left = ""
        if self._started is not None and self._new:
            elapsed = time.monotonic() - self._started
            left = f", about {elapsed * (total - done) / self._new:,.0f} s left"
        return f"{100 * done / total:.0f} % of {total:,} steps{left}"


def key_of(seat: Seat) -> Key:
    """World and label: what has one bar."""
    return str(seat.experiment.world), seat.experiment.label


class Lines(Watcher):
    """A line every ten seconds."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._told = tally, time.monotonic()

    def at(self, task: "Task", step: int) -> None:
        """Count it, and say how far all of it is if it is time."""
        self._tally.at(task, step)
        self.tick()

    def resumed(self, task: "Task", step: int) -> None:
        """Count it."""
        self._tally.resumed(task, step)

    def note(self, text: str) -> None:
        """Say it at once."""
        sys.stderr.write(f"note: {text}\n")
        sys.stderr.flush()

    def tick(self) -> None:
        """Say how far all of it is if it is time."""
        if time.monotonic() - self._told >= _LINE_SECONDS:
            self._told = time.monotonic()
            sys.stderr.write(f"{self._tally.line()}\n")
            sys.stderr.flush()


class Bars(Watcher):
    """A bar for every agent in every world."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._progress: Progress = _bars()
        wide = max(len(label) for _, label in tally.total)
        self._bars: dict[Key, TaskID] = {
            (world, label): self._progress.add_task(
                f"{label:<{wide}}", total=tally.total[world, label], completed=tally.done[world, label], world=world
            )
            for world, label in tally.total
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def at(self, task: "Task", step: int) -> None:
        """Move the bar."""
        self._show(self._tally.at(task, step))

    def resumed(self, task: "Task", step: int) -> None:
        """Move the bar."""
        self._show(self._tally.resumed(task, step))

    def _show(self, key: Key) -> None:
        self._progress.update(self._bars[key], completed=self._tally.done[key])

    def note(self, text: str) -> None:
        """Say it above the bars."""
        self._progress.console.print(f"note: {text}", markup=False, highlight=False)


def _bars() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column

    return Progress(
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, max_width=32)),
        TextColumn("{task.fields[world]}", style="dim", markup=False, table_column=Column(no_wrap=True, max_width=28)),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )


def watcher(seats: Sequence[Seat], left: Sequence[int], wanted: bool) -> Watcher:
    """Bars on a terminal, lines elsewhere, nothing where nothing is wanted or no seeds are `left` to run."""
    if not wanted or not any(left):
        return Watcher()
    tally = Tally(seats, left)
    return Bars(tally) if sys.stderr.isatty() else Lines(tally)
