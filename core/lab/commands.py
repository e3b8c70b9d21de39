"""The sub-commands. Each takes words and prints; the work is done elsewhere, and imported only when called."""

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daedalus.core.catalogue import Kind, of_kind
from daedalus.core.errors import UserError, unknown

if TYPE_CHECKING:
    from daedalus.core.catalogue import Entry
    from daedalus.core.lab.statistics.comparison import Comparison

    from .experiment import Plan

# Read by `cli.main` from the words themselves; declared so that it may also stand after the sub-command.
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]


Worlds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ENV…",
        help="Worlds: an id (daedalus/Maze-v0:rows=10,slip=0.1), the path of a drawn maze (.txt, .png), "
        "or any Gymnasium id. Or data sets (digits), with models in place of agents.",
        show_default=False,
    ),
]
Agents = Annotated[
    list[str] | None,
    typer.Option(
        "--agents",
        "--models",
        metavar="A,B,…",
        help="Agents: q_learning:alpha=.5,epsilon=.1,sarsa is two. A label ends in a colon: "
        "Fast=q_learning:alpha=.9. May be repeated.",
        show_default=False,
    ),
]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=V,V,…",
        help="Every value in place of one: alpha=.1,.2,.5 for each agent that has alpha; sarsa.alpha=… by an agent's "
        "name or label; env.slip=0,.1 for worlds. May be repeated: several make a grid.",
        show_default=False,
    ),
]
Seeds = Annotated[int | None, typer.Option(help="Runs of each agent; 10 if not given.", show_default=False)]
Steps = Annotated[int | None, typer.Option(help="Steps (pulls) of each run; 10000 if not given.", show_default=False)]
Horizon = Annotated[
    int | None,
    typer.Option(
        help="Time limit for evaluation where a world has none; 10 × its states if not given.", show_default=False
    ),
]
Jobs = Annotated[int | None, typer.Option(help="Worker processes; the cores if not given.", show_default=False)]
Name = Annotated[
    str | None, typer.Option(help="The run's folder. The same name with more seeds, agents or worlds extends the run.")
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE.yaml", help="Read the plan from a YAML file; options given beside it win."),
]


def _look_in(folder: Path | None) -> Path | None:
    """Name the folder to this process and its workers."""
    if folder is not None:
        from daedalus.core.data import DATA_FOLDER

        if not folder.is_dir():
            raise UserError(f"--data-dir: there is no folder {folder}")
        os.environ[DATA_FOLDER] = str(folder.resolve())
    return folder


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="FOLDER",
        help="Where the files of data sets are looked for (mnist.npz, …) before the cache and the network; "
        "DAEDALUS_DATA names it too.",
        callback=_look_in,
        show_default=False,
    ),
]


def compare(
    worlds: Worlds = None,
    agents: Agents = None,
    sweep: Sweep = None,
    seeds: Seeds = None,
    steps: Steps = None,
    horizon: Horizon = None,
    jobs: Jobs = None,
    name: Name = None,
    out: Annotated[Path, typer.Option(help="Where runs stand.")] = Path("runs"),
    config: Config = None,
    data_dir: DataDir = None,
    episodes: Annotated[bool, typer.Option("--episodes", help="Record every episode, not only summaries.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run agents in worlds, many seeds each, and compare them: a table, a verdict, and an HTML report.

    The last line is the report's path. Killed or interrupted, the same command goes on where it was.

    Examples:

      daedalus compare daedalus/Maze-v0 --agents q_learning,sarsa --seeds 20 --steps 50000

      daedalus compare daedalus/Bandit-v0 --agents greedy,epsilon_greedy:epsilon=.1 --steps 1000 --name testbed

      daedalus compare daedalus/Cliff-v0 --agents q_learning,sarsa --sweep alpha=.05,.1,.2,.5,1 --sweep env.slip=0,.1

      daedalus compare digits moons:noise=.3 --models logistic,mlp,mlp:dropout=.3 --steps 2000

      daedalus compare --config examples/demo.yaml
    """
    from daedalus.core.spec import parse_agents, parse_spec

    asked: dict[str, Any] = {"seeds": seeds, "steps": steps, "horizon": horizon, "name": name}
    asked["worlds"] = [parse_spec(world) for world in worlds] if worlds else None
    asked["agents"] = [agent for listed in agents for agent in parse_agents(listed)] if agents else None
    asked["episodes"] = episodes or None
    asked["sweep"] = sweep or None
    plan = _planned(config, {key: value for key, value in asked.items() if value is not None})
    from .job import run_plan

    tell_comparison(plan, run_plan(plan, jobs=jobs, out=out), as_json)


def tell_comparison(plan: "Plan", comparison: "Comparison", as_json: bool) -> None:
    """Print what a plan's run found: for a person, or as JSON."""
    _note_stored(plan, comparison)
    if as_json:
        everything = comparison.to_dict()
        typer.echo(json.dumps({key: everything[key] for key in ("run", "report", "results")}, allow_nan=False))
    else:
        from .tables import show_comparison

        show_comparison(comparison)


def _planned(config: Path | None, asked: dict[str, Any]) -> "Plan":
    if config is not None:
        from .planfile import read_plan

        return read_plan(config, asked)
    if not asked.get("worlds") or not asked.get("agents"):
        raise UserError("give worlds and --agents, or --config FILE.yaml; `daedalus list` shows what there is")
    from .plan import make_plan

    return make_plan(**asked)


def _note_stored(plan: "Plan", comparison: "Comparison") -> None:
    """A run that was extended shows all it has, which may be more than was asked for now."""
    asked = {(str(experiment.world), experiment.label): experiment.seeds for experiment in plan.experiments()}
    more = [result for result in comparison.results if result.seeds > asked.get((result.world, result.label), math.inf)]
    if more:
        seeds, stored = asked[more[0].world, more[0].label], more[0].seeds
        typer.echo(f"{comparison.run} holds {stored} seeds, more than the {seeds} asked for; all are shown.", err=True)


def solve(
    world: Annotated[str, typer.Argument(metavar="ENV", help="A finite world, as for `compare`.", show_default=False)],
    gamma: Annotated[float | None, typer.Option(help="Discount; 1 if not given.", show_default=False)] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Time limit in place of the world's own.", show_default=False)
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Also compute what takes minutes on a large world.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Solve a finite world exactly: its best value, its best value within the time limit, and random play.

    A world that changes in mid-run is solved phase by phase; the JSON is of the first one and lists all in `phases`.
    Where each seed has a layout of its own, that of seed 0 is solved.

    Examples:

      daedalus solve FrozenLake-v1

      daedalus solve daedalus/Maze-v0:rows=20,columns=20 --gamma 0.99 --json
    """
    from daedalus.core.catalogue import find
    from daedalus.core.spec import parse_spec
    from daedalus.core.world import Schedule, World

    from .experiment import layout_per_seed
    from .plan import whole

    if gamma is not None and not 0 <= gamma <= 1:
        raise UserError(f"gamma must lie in [0, 1], not {gamma}")
    if horizon is not None:
        whole(horizon, "horizon")
    spec = parse_spec(world)
    problem = find("service", "load_problem").load()(spec)
    if not isinstance(problem, World | Schedule):
        raise UserError(f"{world} is not a finite world, so it has no exact solution; `compare` can still run it")
    from daedalus.core.planning import summary

    if isinstance(problem, World):
        since, found = [0], [summary(problem, gamma, horizon, full)]
    else:
        solved = [summary(one, gamma, horizon, full) for one in problem.worlds]
        since, found = problem.since.tolist(), [solved[n] for n in problem.which]
    if as_json:
        layout = {"layout_seed": 0} if layout_per_seed(spec) else {}
        changes = {"phases": [{"since": first, **facts} for first, facts in zip(since, found, strict=True)]}
        typer.echo(json.dumps(found[0] | layout | ({} if isinstance(problem, World) else changes), allow_nan=False))
        return
    from .tables import show_solution

    title = f"{world}, the layout of seed 0" if layout_per_seed(spec) else world
    for first, facts in zip(since, found, strict=True):
        show_solution(title if len(found) == 1 else f"{title}, from step {first:,}", facts)


_LISTS: dict[str, tuple[Kind, str]] = {
    "envs": ("world", "Worlds"),
    "agents": ("agent", "Agents"),
    "strategies": ("strategy", "Strategies, for explore=…"),
    "data": ("data", "Data sets"),
    "models": ("model", "Models, for data sets"),
}


def list_entries(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[envs|agents|strategies|data|models]…", show_default=False)
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List worlds, agents, exploration strategies, data sets and models, from this suite and installed packages.

    Examples:

      daedalus list

      daedalus list data models

      daedalus list agents --json
    """
    for name in what or ():
        if name not in _LISTS:
            raise unknown("list", name, _LISTS)
    chosen = list(dict.fromkeys(what or _LISTS))
    if as_json:
        found = {
            name: [
                {"name": entry.name, "summary": entry.summary, "suits": list(entry.suits), "family": entry.family}
                for entry in of_kind(_LISTS[name][0]).values()
            ]
            for name in chosen
        }
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name in chosen:
        kind, title = _LISTS[name]
        typer.secho(title, bold=True)
        _show_families(list(of_kind(kind).values()))
        if kind == "world":
            typer.echo("  and any Gymnasium id, or the path of a drawn maze (.txt, .png)")


def _show_families(entries: "list[Entry]") -> None:
    """One line an entry, under the heading of its family, beside which stand the worlds that suit all of them."""
    wide = max((len(entry.name) for entry in entries), default=0)
    families = dict.fromkeys(entry.family for entry in entries)
    for family in families:
        ours = [entry for entry in entries if entry.family == family]
        headed, alike = len(families) > 1, len({entry.suits for entry in ours}) == 1
        if headed:
            typer.secho(f"\n {family or 'Others'}{_suits(ours[0]) if alike else ''}", bold=True)
        for entry in ours:
            typer.echo(f"  {entry.name:<{wide}}  {entry.summary}{'' if headed and alike else _suits(entry)}")


def _suits(entry: "Entry") -> str:
    return f"  [{', '.join(entry.suits)}]" if entry.suits and entry.kind in ("agent", "data", "model") else ""


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its name under runs/.")],
    debug: Debug = False,
) -> None:
    """Make a run's report again, from its records alone. Prints the report's path.

    Example:

      daedalus report runs/demo
    """
    from daedalus.core.lab.report.page import write_report
    from daedalus.core.lab.statistics.comparison import summarise
    from daedalus.core.lab.store.run import open_named

    opened = open_named(run)
    if missing := opened.missing():
        raise UserError(f"{opened.path} is not finished: {missing} seeds are missing; run its command again to go on")
    typer.echo(str(write_report(opened, summarise(opened))))
