"""The main job from end to end: resolve, run, summarise, report. The command line is a skin of it."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .experiment import Group, Plan
from .plan import SEEDS, STEPS, Names, make_plan, whole
from .sweep import Sweeps

if TYPE_CHECKING:
    from daedalus.core.lab.statistics.comparison import Comparison


def compare(
    worlds: Names = (),
    agents: Names = (),
    seeds: int = SEEDS,
    steps: int = STEPS,
    *,
    groups: Sequence[Group | Mapping[str, Any]] | None = None,
    sweep: Sweeps | None = None,
    horizon: int | None = None,
    jobs: int | None = None,
    name: str | None = None,
    out: str | Path = "runs",
    episodes: bool = False,
    progress: bool = True,
    report: bool = True,
) -> "Comparison":
    """Run agents in worlds, seeds 0…`seeds`-1 for `steps` steps each, and compare them.

    Worlds and agents are named as on the command line, in one string or in lists; `groups` is a list of mappings
    `{"worlds": […], "agents": […]}` instead. `sweep={"alpha": [0.1, 0.2], "env.slip": [0, 0.1]}` puts every
    combination of values in place of the agents and worlds that have the parameter (`core.lab.sweep`).

    The same call again continues a run that was interrupted; the same `name` with more seeds, agents or worlds
    extends it. Everything is checked before anything is written.

    Raises `UserError` for what the caller can mend.
    """
    plan = make_plan(
        worlds,
        agents,
        seeds=seeds,
        steps=steps,
        horizon=horizon,
        groups=groups,
        sweep=sweep,
        episodes=episodes,
        name=name or "",
    )
    return run_plan(plan, jobs=jobs, out=Path(out), progress=progress, report=report)


def run_plan(
    plan: Plan, *, jobs: int | None = None, out: Path = Path("runs"), progress: bool = True, report: bool = True
) -> "Comparison":
    """Run a plan, or what is left of it, and compare."""
    workers = None if jobs is None else whole(jobs, "jobs")
    from daedalus.core.lab.store.folder import hold_run
    from daedalus.core.lab.store.provenance import typed_command

    from .progress import watcher
    from .resolve import resolve
    from .runner import default_jobs, open_tasks, run_tasks, seeds_left

    with hold_run(out, resolve(plan), typed_command()) as folder:
        with watcher(folder.resolved.seats, seeds_left(folder), progress) as watch:
            run_tasks(folder, open_tasks(folder), workers or default_jobs(), watch)
        run = folder.close()
        from daedalus.core.lab.statistics.comparison import (
            summarise,  # SciPy's statistics and the plots take seconds to import
        )

        comparison = summarise(run)
        if not report:
            return comparison
        from daedalus.core.lab.report.page import write_report

        return dataclasses.replace(comparison, report=write_report(run, comparison))
