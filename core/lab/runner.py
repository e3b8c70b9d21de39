"""Blocks of seeds onto worker processes. Which process runs a block, and when, changes no number."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from daedalus.core.errors import UserError
from daedalus.core.lab.encoding import experiment_to_json
from daedalus.core.lab.store.folder import RunFolder
from daedalus.core.lab.store.run import Block, blocks_in

from .progress import Watcher
from .resolve import Seat

#: One thread a worker: the processes are the parallelism, and results must not depend on the number of cores.
_ONE_THREAD = {
    f"{library}_NUM_THREADS": "1"
    for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM", "BLIS")
}


class WorkerError(RuntimeError):
    """A worker failed in a way that the user cannot mend; `details` is its traceback."""

    def __init__(self, message: str, details: str) -> None:
        super().__init__(message)
        self.details = details


@dataclass(frozen=True)
class Task:
    """A block of seeds to run."""

    seat: Seat
    folder: Path
    seeds: range

    def __str__(self) -> str:
        last = self.seeds.stop - 1
        seeds = f"seed {last}" if len(self.seeds) == 1 else f"seeds {self.seeds.start} to {last}"
        return f"{self.seat.experiment.label} in {self.seat.experiment.world}, {seeds}"

    def to_json(self) -> str:
        """The line that a worker reads."""
        experiment = experiment_to_json(self.seat.experiment)
        return json.dumps(
            {"experiment": experiment, "folder": str(self.folder), "seeds": [self.seeds.start, self.seeds.stop]}
        )


def open_tasks(folder: RunFolder) -> Iterator[Task]:
    """What is left to run, in the plan's order, made as it is asked for: there may be a million."""
    return (
        Task(seat, folder.member(seat), seeds) for seat in folder.resolved.seats for seeds in _open_ranges(folder, seat)
    )


def seeds_left(folder: RunFolder) -> list[int]:
    """How many seeds of each seat are left to run, in the plan's order."""
    return [sum(map(len, _open_ranges(folder, seat))) for seat in folder.resolved.seats]


def _open_ranges(folder: RunFolder, seat: Seat) -> Iterator[range]:
    return missing_ranges(blocks_in(folder.member(seat)), seat.experiment.seeds, seat.entry.block)


def missing_ranges(blocks: Sequence[Block], seeds: int, size: int) -> Iterator[range]:
    """The ranges of 0…seeds-1 without a finished block, in order: begun ones as they were begun, the rest aligned.

    A begun one that reaches into another block or beyond `seeds` is not continued. The rest is cut at multiples of
    `size`, whatever the number of processes.
    """
    done = [block.seeds for block in blocks if block.done]
    begun = {block.seeds for block in blocks if not block.done}.difference(done)
    starts = sorted(each.start for each in done)
    reached = 0
    for each in sorted([*done, *begun], key=lambda each: (each.start, each.stop)):
        if each in begun:
            shared = bisect_left(starts, each.start) < bisect_left(starts, each.stop)
            if shared or not reached <= each.start < each.stop <= seeds:
                continue
        yield from _aligned(reached, min(each.start, seeds), size)
        if each in begun:
            yield each
        reached = max(reached, each.stop)
    yield from _aligned(reached, seeds, size)


def _aligned(start: int, stop: int, size: int) -> Iterator[range]:
    while start < stop:
        end = min(start - start % size + size, stop)
        yield range(start, end)
        start = end


def default_jobs() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    """A worker process and the block it runs."""

    def __init__(self, answers: "queue.Queue[tuple[_Worker, dict[str, Any] | None]]", lock: int) -> None:
        self.task: Task | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "daedalus.core.lab.worker", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ
            | _ONE_THREAD
            | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            pass_fds=(lock,),
            text=True,
            encoding="utf-8",
        )
        self._ear = threading.Thread(target=self._listen, args=(answers,), daemon=True)
        self._ear.start()

    def _listen(self, answers: "queue.Queue[tuple[_Worker, dict[str, Any] | None]]") -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                answers.put((self, json.loads(line)))
        answers.put((self, None))

    def give(self, task: Task) -> None:
        assert self._process.stdin is not None
        self.task = task
        with contextlib.suppress(BrokenPipeError):  # it died; the listening thread tells so
            self._process.stdin.write(task.to_json() + "\n")
            self._process.stdin.flush()

    def why_dead(self) -> WorkerError:
        """The fault of a process that ended by itself."""
        code = self._process.wait()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        hint = " (out of memory?)" if code == -signal.SIGKILL else ""
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")[-4000:]
        return WorkerError(f"{self.task}: the worker process {how}{hint}", said)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._ear.join()
        for pipe in (self._process.stdin, self._errors):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def run_tasks(folder: RunFolder, tasks: Iterable[Task], jobs: int, watch: Watcher) -> None:
    """Run every task; finished blocks are kept whatever happens.

    Raises the `UserError` of a worker, or `WorkerError` that names agent, world and seeds; the others are stopped.
    """
    waiting = iter(tasks)
    answers: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()
    workers: list[_Worker] = []
    try:
        for task in islice(waiting, jobs):
            workers.append(_Worker(answers, folder.lock))
            workers[-1].give(task)
        busy = len(workers)
        while busy:
            try:
                worker, answer = answers.get(timeout=0.5)
            except queue.Empty:
                watch.tick()
                continue
            if not _heed(worker, answer, watch):
                continue
            if more := next(waiting, None):
                worker.give(more)
            else:
                busy -= 1
    finally:
        for worker in workers:
            worker.stop()


def _heed(worker: _Worker, answer: dict[str, Any] | None, watch: Watcher) -> bool:
    """Act on an answer; True where the worker is free for the next task."""
    task = worker.task
    assert task is not None
    match answer:
        case None:
            raise worker.why_dead()
        case {"event": "done"}:
            watch.at(task, task.seat.experiment.steps)
            return True
        case {"event": "step", "step": int(step)}:
            watch.at(task, step)
        case {"event": "resumed", "step": int(step)}:
            watch.resumed(task, step)
        case {"event": "note", "text": str(text)}:
            watch.note(text)
        case {"event": "user_error", "text": str(text)}:
            raise UserError(text)
        case {"event": "fault", "text": str(text), "traceback": str(details)}:
            raise WorkerError(f"{task}: {text}", details)
        case _:
            raise WorkerError(f"{task}: the worker said {answer!r}", "")
    return False
