"""Tuning from end to end: search for an agent's parameters, then judge the winner on seeds that it never saw."""

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daedalus.core.errors import UserError, unknown
from daedalus.core.lab.encoding import slug
from daedalus.core.spec import Labelled, Spec, parse_spec, show

from .numerals import count, number
from .plan import MOST_SEEDS, STEPS, check_name, make_plan, whole

if TYPE_CHECKING:
    from daedalus.core.lab.statistics.comparison import Comparison, Result

    from .search import Goal, Search, Tell, Tried

TRIALS = 50
SEEDS = 5
FRESH = 20
MOST_TRIALS = 100_000

_LINE_SECONDS = 10.0


@dataclass(frozen=True)
class Tuned:
    """What a search found: all that it tried, and the winner beside the agent as it was, on fresh seeds."""

    search: "Search"
    tried: "Sequence[Tried]"  # in order
    ranked: "Sequence[Tried]"  # those judged to the end, best first
    comparison: "Comparison"
    unchanged: bool = False  # the best proposal was the agent as it was

    @property
    def winner(self) -> Spec:
        """The agent with the parameters that were found."""
        return self.search.proposed(self.ranked[0].params)

    @property
    def before(self) -> "Result":
        """The agent as it was, on fresh seeds."""
        return self._result(str(self.search.agent))

    @property
    def after(self) -> "Result":
        """The winner, on fresh seeds."""
        return self._result(_label(self.winner))

    def _result(self, label: str) -> "Result":
        return next(result for result in self.comparison.results if result.label == label)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        best, given_up = self.ranked[0], len(self.tried) - len(self.ranked)
        curve = "" if self.search.goal == "final" else " over its learning curve"
        said = ", ".join(f"{key}={show(value)}" for key, value in best.params.items())
        first = f"No proposal scored higher than {self.search.agent} as it was. " if self.unchanged else ""
        return (
            f"{first}The best of {count(len(self.tried), 'proposal')} ({given_up} given up on the way), {said}, scored "
            f"{number(best.score)}{curve} on the {count(self.search.seeds, 'seed')} of the search. On "
            f"{count(self.after.seeds, 'fresh seed')} it ends with {number(self.after.mean)} on average; "
            f"{self.search.agent} as it was ends with {number(self.before.mean)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        everything = self.comparison.to_dict()
        return {
            "run": everything["run"],
            "report": everything["report"],
            "winner": str(self.winner),
            "sentence": self.sentence,
            "search": self.search.to_dict(),
            "trials": [{"params": _said(one.params), "score": one.score} for one in self.tried],
            "results": everything["results"],
        }


def ranking(tried: "Sequence[Tried]") -> "list[Tried]":
    """What was judged to the end, best first, the first of equals first."""
    scored = [(one.score, one) for one in tried if one.score is not None]
    return [one for _, one in sorted(scored, key=lambda pair: -pair[0])]


def _said(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: show(value) if isinstance(value, Spec | tuple) else value for key, value in params.items()}


def _label(winner: Spec) -> str:
    return f"tuned {winner}"


def tune(
    world: str | Spec,
    agent: str | Spec,
    *,
    space: str = "",
    trials: int = TRIALS,
    seeds: int = SEEDS,
    steps: int = STEPS,
    goal: "Goal" = "final",
    fresh: int = FRESH,
    horizon: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    name: str | None = None,
    out: str | Path = "runs",
    progress: bool = True,
    report: bool = True,
) -> Tuned:
    """Search for an agent's parameters in a world, and compare what wins with the agent as it is on `fresh` seeds.

    A proposal's score is the mean over `seeds` seeds of the evaluation value at the end (`goal="final"`, which is what
    `compare` judges by) or over the learning curve (`"curve"`: how soon counts too). Seeds of the search are numbered
    from a million on, fresh ones from 0, so none is both and the best score of the search, a maximum, is not taken for
    a mean. The same call again goes on after an interruption; more `trials` go on where it ended.

    Raises `UserError` for what the caller can mend.
    """
    from daedalus.core.lab.store.folder import lock_folder
    from daedalus.core.lab.store.run import JOURNAL

    from .job import run_plan
    from .search import search

    wanted = whole(trials, "trials", MOST_TRIALS)
    what = _prepared(world, agent, space, seeds, steps, goal, horizon, seed)
    called = check_name(name or "") or _name(what)
    whole(fresh, "fresh", MOST_SEEDS)
    lock = lock_folder(Path(out) / called)
    try:
        with _telling(wanted, progress) as tell, contextlib.redirect_stdout(sys.stderr):  # a library may print
            tried = search(what, wanted, Path(out) / called / JOURNAL, tell)
    finally:
        os.close(lock)
    ranked = ranking(tried)
    if not ranked:
        raise UserError(f"none of {count(wanted, 'proposal')} could be judged; give another --space or more --steps")
    winner = what.proposed(ranked[0].params)
    both = [Labelled(str(what.agent), what.agent), Labelled(_label(winner), winner)]
    plan = make_plan([what.world], both, seeds=fresh, steps=steps, horizon=horizon, name=called)
    comparison = run_plan(plan, jobs=jobs, out=Path(out), progress=progress, report=report)
    return Tuned(what, tried, ranked, comparison, unchanged=what.own is not None and ranked[0] is tried[0])


def _prepared(
    world: str | Spec,
    agent: str | Spec,
    space: str,
    seeds: int,
    steps: int,
    goal: "Goal",
    horizon: int | None,
    seed: int,
) -> "Search":
    """The search, once the world, the agent and its space are known to work."""
    from .resolve import resolve
    from .search import GOALS, Search
    from .space import space_of

    if goal not in GOALS:
        raise unknown("goal", goal, GOALS)
    if seed < 0:
        raise UserError(f"seed must be a whole number of at least 0, not {seed!r}")
    named = parse_spec(agent) if isinstance(agent, str) else agent
    resolved = resolve(make_plan([world], [named], seeds=seeds, steps=steps, horizon=horizon))
    (group,) = resolved.plan.groups
    found = space_of(resolved.seats[0].entry.load().config_class, named, space)
    mark = resolved.places[0].fingerprint
    return Search(group.worlds[0], named, found, seeds, steps, horizon, goal, seed, mark)


def _name(what: "Search") -> str:
    digest = hashlib.sha256(json.dumps(what.to_dict(), sort_keys=True).encode()).hexdigest()[:8]
    return f"tune-{slug(what.world.name.rpartition('/')[2]).lower()}-{slug(what.agent.name)}-{digest}"


@contextlib.contextmanager
def _telling(trials: int, wanted: bool) -> "Iterator[Tell]":
    """A bar on a terminal, a line now and then elsewhere; on stderr."""
    if not wanted:
        yield lambda judged, best: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("search", total=trials)
            yield lambda judged, best: bar.update(
                task, completed=judged, description="search" if best is None else f"search, best {number(best)}"
            )
    else:
        yield _Lines(trials)


class _Lines:
    """A line every ten seconds."""

    def __init__(self, trials: int) -> None:
        self._trials, self._told = trials, time.monotonic()

    def __call__(self, judged: int, best: float | None) -> None:
        if time.monotonic() - self._told >= _LINE_SECONDS:
            self._told = time.monotonic()
            sys.stderr.write(f"{judged} of {self._trials} proposals judged, best {number(best)}\n")
            sys.stderr.flush()
