"""Runs that are made in the process of the tests: a worker's start costs seconds."""

import json
from pathlib import Path

from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.resolve import resolve
from daedalus.core.lab.runner import open_tasks
from daedalus.core.lab.store.folder import hold_run
from daedalus.core.lab.worker import run_block


def run_here(worlds: str, agents: str, steps: int, out: Path, name: str, seeds: int = 1) -> Path:
    """The folder of a finished run."""
    with hold_run(out, resolve(make_plan(worlds, agents, seeds=seeds, steps=steps, name=name)), "here") as folder:
        for task in list(open_tasks(folder)):
            run_block(json.loads(task.to_json()), lambda message: None)
    return out / name
