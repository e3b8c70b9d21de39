"""A worker process: `python -m daedalus.core.lab.worker PARENT`, one JSON line in for a block, JSON lines out.

A fresh interpreter, so a script needs no `__main__` guard and a notebook works; JSON, so nothing is pickled.
It dies with its parent, even when that is killed with SIGKILL.
"""

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.encoding import experiment_from_json
from daedalus.core.lab.store.provenance import version
from daedalus.core.lab.store.run import block_at
from daedalus.core.lab.store.writer import BlockWriter

from .experiment import Experiment, Final, Record, Snapshot, entry_of

Tell = Callable[[dict[str, Any]], None]

_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
_TELL_SECONDS = 0.1


def run_block(task: dict[str, Any], tell: Tell) -> None:
    """Run or continue one block of seeds and put its records into the store."""
    experiment: Experiment = experiment_from_json(task["experiment"])
    seeds = range(*task["seeds"])
    trial = find("trial", entry_of(experiment.world, experiment.agent).trial).load()
    writer = BlockWriter(block_at(Path(task["folder"]), seeds), experiment, version())
    snapshot = writer.resume()
    if writer.started_again:
        tell({"event": "note", "text": f"{writer.started_again}; these seeds start again"})
    final, told = None, 0.0
    if snapshot is not None:
        tell({"event": "resumed", "step": snapshot.step})
    for item in trial(experiment, seeds, snapshot):
        match item:
            case Record():
                writer.add(item)
                step = int(item.columns["step"].max()) if len(item.columns["step"]) else 0
            case Snapshot():
                writer.snapshot(item)
                step = item.step
            case Final():
                final = item
                continue
        if step < experiment.steps and time.monotonic() - told > _TELL_SECONDS:  # the end is told when all is written
            told = time.monotonic()
            tell({"event": "step", "step": step})
    writer.finish(final)


def _work(tasks: "queue.Queue[str]", tell: Tell) -> None:
    while True:
        try:
            run_block(json.loads(tasks.get()), tell)
            tell({"event": "done"})
        except UserError as error:
            tell({"event": "user_error", "text": str(error)})
        except Exception as error:  # whatever a learner raises is told, not swallowed: the runner stops
            text = f"{type(error).__name__}: {error}"
            tell({"event": "fault", "text": text, "traceback": traceback.format_exc()})


def _listen(tasks: "queue.Queue[str]") -> None:
    """Pass tasks on; when the parent closes the pipe, by will or by dying, leave at once."""
    for line in sys.stdin:
        tasks.put(line)
    os._exit(0)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(0)


def main() -> None:
    """Serve the parent whose process id is the first argument."""
    _die_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which decides
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not mix with the answers

    def tell(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    tasks: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    _work(tasks, tell)


if __name__ == "__main__":
    main()
