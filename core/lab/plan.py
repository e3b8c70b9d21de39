"""From what a person asks for, on the command line, in YAML or in Python, to a plan in normal form."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from daedalus.core.catalogue import of_kind
from daedalus.core.data import tasked
from daedalus.core.errors import UserError, unknown
from daedalus.core.lab.encoding import slug
from daedalus.core.spec import Labelled, Spec, parse_agents, parse_spec

from .experiment import Experiment, Group, Plan
from .sweep import Sweeps, read_sweeps, swept

SEEDS = 10
STEPS = 10_000

#: Far beyond what anybody can run; a larger number is a slip, and might not fit the machine's integers.
MOST_SEEDS = 1_000_000
MOST_STEPS = 10**15

#: File systems take names of up to 255 bytes; some keep a part of that for themselves.
LONGEST_NAME = 140

GROUP_KEYS = ("worlds", "agents", "seeds", "steps", "horizon", "sweep")

Names = str | Spec | Labelled | Iterable[str | Spec | Labelled]


def make_plan(
    worlds: Names = (),
    agents: Names = (),
    *,
    seeds: int = SEEDS,
    steps: int = STEPS,
    horizon: int | None = None,
    groups: Sequence[Group | Mapping[str, Any]] | None = None,
    sweep: Sweeps | None = None,
    episodes: bool = False,
    name: str = "",
    base: Path | None = None,
) -> Plan:
    """One plan in normal form from worlds and agents, or from groups of them.

    A group is a `Group` or a mapping with the keys of a YAML group. `sweep` is what `core.lab.sweep` reads, for every
    group without one of its own. `base` is a second folder in which drawings with relative paths are looked for.
    Raises `UserError` that names the place of what is wrong.
    """
    defaults = {"seeds": seeds, "steps": steps, "horizon": horizon, "sweep": sweep}
    if groups is None:
        members: list[Group] = [_group({"worlds": worlds, "agents": agents}, "", defaults, base)]
    elif worlds or agents:
        raise UserError("give either worlds and agents or groups of them, not both")
    elif not isinstance(groups, list | tuple) or not groups:
        raise UserError("groups: expected a list of at least one group {worlds: […], agents: […]}")
    else:
        members = [_any_group(group, f"groups[{index}]", defaults, base) for index, group in enumerate(groups)]
    return normal(Plan(tuple(members), _flag(episodes, "episodes"), check_name(name)))


def _any_group(group: Any, where: str, defaults: Mapping[str, Any], base: Path | None) -> Group:
    if isinstance(group, Group):
        return swept(group, read_sweeps(defaults["sweep"]))
    if not isinstance(group, Mapping):
        raise UserError(f"{where}: expected a group {{worlds: […], agents: […]}}, not {group!r}")
    check_keys(group, GROUP_KEYS, where)
    return _group(group, f"{where}.", defaults, base)


def check_keys(data: Mapping[Any, Any], known: Sequence[str], where: str) -> None:
    """Refuse a key that is not `known`, naming the nearest."""
    for key in data:
        if key not in known:
            error = unknown("key", str(key), known)
            raise UserError(f"{where}: {error}" if where else str(error))


def _group(data: Mapping[str, Any], where: str, defaults: Mapping[str, Any], base: Path | None) -> Group:
    horizon = data.get("horizon", defaults["horizon"])
    agents = tuple(_agents(data.get("agents", ()), f"{where}agents"))
    models = [entry for _, spec in agents if (entry := of_kind("model").get(spec.name))]
    worlds = _worlds(data.get("worlds", ()), f"{where}worlds", base)
    group = Group(
        tuple(tasked(world, models) for world in worlds),
        agents,
        whole(data.get("seeds", defaults["seeds"]), f"{where}seeds", MOST_SEEDS),
        whole(data.get("steps", defaults["steps"]), f"{where}steps"),
        None if horizon is None else whole(horizon, f"{where}horizon"),
    )
    return swept(group, read_sweeps(data.get("sweep", defaults["sweep"]), f"{where}sweep"), f"{where}sweep")


def _listed(value: Any, where: str, example: str) -> list[tuple[str, Any]]:
    """The items of a list, each with its place; a single item stands for a list of one."""
    if isinstance(value, str | Spec | Labelled):
        return [(where, value)]
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise UserError(f"{where}: expected a list such as {example}, not {value!r}")
    items = [(f"{where}[{index}]", item) for index, item in enumerate(value)]
    if not items:
        raise UserError(f"{where}: nothing is listed; give at least one, such as {example}")
    return items


def _worlds(value: Any, where: str, base: Path | None) -> list[Spec]:
    found: list[Spec] = []
    for place, item in _listed(value, where, "[daedalus/Maze-v0]"):
        if not isinstance(item, str | Spec):
            raise UserError(f"{place}: expected a world such as daedalus/Maze-v0:rows=10, not {item!r}")
        spec = _at(place, lambda item=item: parse_spec(item)) if isinstance(item, str) else item
        found.append(_located(spec, base))
    return found


def _located(spec: Spec, base: Path | None) -> Spec:
    """A drawing that is not found from the current folder is looked for beside the YAML file."""
    if base is None or Path(spec.name).exists() or not (base / spec.name).is_file():
        return spec
    return Spec(str(base / spec.name), spec.params)


def _agents(value: Any, where: str) -> list[tuple[str, Spec]]:
    found: list[tuple[str, Spec]] = []
    for place, item in _listed(value, where, "[q_learning, sarsa]"):
        if isinstance(item, Mapping) and list(item.values()) == [None]:
            item = f"{next(iter(item))}:"  # an unquoted `UCB1=ucb:`, which YAML reads as a key without a value
        match item:
            case str():
                labelled = _at(place, lambda item=item: parse_agents(item))
            case Labelled():
                labelled = [item]
            case Spec():
                labelled = [Labelled(str(item), item)]
            case Mapping():
                labelled = [_mapped_agent(item, place)]
            case _:
                raise UserError(f"{place}: expected an agent such as q_learning:alpha=.5, not {item!r}")
        found.extend((each.label, each.spec) for each in labelled)
    return found


def _mapped_agent(item: Mapping[Any, Any], where: str) -> Labelled:
    check_keys(item, ("label", "agent"), where)
    text, label = item.get("agent"), item.get("label", "")
    if not isinstance(text, str) or not isinstance(label, str):
        raise UserError(f"{where}: expected {{label: Fast, agent: 'q_learning:alpha=.9'}}, not {dict(item)!r}")
    spec = _at(f"{where}.agent", lambda: parse_spec(text))
    return Labelled(label or str(spec), spec)


def _at(where: str, parse: Any) -> Any:
    try:
        return parse()
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def whole(value: Any, where: str, most: int = MOST_STEPS) -> int:
    """A whole number from 1 to `most`. Raises `UserError` that names `where`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{where} must be a whole number of at least 1, not {value!r}")
    if value > most:
        raise UserError(f"{where} must be at most {most:,}")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise UserError(f"{where} must be true or false, not {value!r}")
    return value


def check_name(name: Any) -> str:
    """A run's name is one folder's name."""
    if not isinstance(name, str):
        raise UserError(f"name must be a word, not {name!r}")
    if name and (name != Path(name).name or name.startswith(".") or not name.isprintable()):
        raise UserError(f"name must be one folder's name such as mazes-1, not {name!r}; --out says where it stands")
    if len(name.encode()) > LONGEST_NAME:
        raise UserError(f"name must be at most {LONGEST_NAME} bytes long, not {len(name.encode())}")
    return name


def normal(plan: Plan) -> Plan:
    """The same members in normal form: worlds in order of appearance, each with its agents, then grouped.

    So a run that was extended and one that was planned at once have the same plan. Raises `UserError` for worlds
    or labels that collide and for a world that stands in two groups under different steps or horizon.
    """
    for group in plan.groups:
        for world in group.worlds:
            if group.worlds.count(world) > 1:
                raise UserError(f"the world {world} is listed twice; list it once")
    by_world: dict[Spec, list[Experiment]] = {}
    for experiment in plan.experiments():
        by_world.setdefault(experiment.world, []).append(experiment)
    _refuse_shared({slug(str(world)).lower(): [] for world in by_world}, map(str, by_world), "worlds")
    groups: list[Group] = []
    for world, experiments in by_world.items():
        _check_members(str(world), experiments)
        for seeds in dict.fromkeys(experiment.seeds for experiment in experiments):
            mine = [experiment for experiment in experiments if experiment.seeds == seeds]
            agents = tuple((experiment.label, experiment.agent) for experiment in mine)
            group = Group((world,), agents, seeds, mine[0].steps, mine[0].horizon)
            if groups and replace(groups[-1], worlds=(world,)) == group:
                groups[-1] = replace(group, worlds=(*groups[-1].worlds, world))
            else:
                groups.append(group)
    return replace(plan, groups=tuple(groups))


def _check_members(world: str, experiments: Sequence[Experiment]) -> None:
    labels = [experiment.label for experiment in experiments]
    for label in labels:
        if labels.count(label) > 1:
            raise UserError(
                f"two agents are called {label!r} in {world}; list it once or give one a label: "
                f"Mine={label.partition(':')[0]}:…"
            )
    _refuse_shared({slug(label).lower(): [] for label in labels}, labels, "labels")
    for what in ("steps", "horizon"):
        values = list(dict.fromkeys(getattr(experiment, what) for experiment in experiments))
        if len(values) > 1:
            raise UserError(f"{world} stands in two groups with different {what} ({values[0]} and {values[1]})")


def _refuse_shared(by_slug: dict[str, list[str]], names: Iterable[str], what: str) -> None:
    for name in names:
        by_slug[slug(name).lower()].append(name)
    for folder, sharing in by_slug.items():
        if len(sharing) > 1:
            raise UserError(
                f"the {what} {sharing[0]!r} and {sharing[1]!r} would share the folder {folder!r}; rename one"
            )


def merged(stored: Plan, asked: Plan) -> Plan:
    """The stored run extended by what is asked: more seeds, agents or worlds. What it has, it keeps.

    Raises `UserError` that lists what differs: steps, horizon, episodes.
    """
    have = {(str(e.world), e.label): e for e in stored.experiments()}
    want = {(str(e.world), e.label): e for e in asked.experiments()}
    changes = [
        f"{what} of {world} {'was' if what == 'horizon' else 'were'} {getattr(old, what)}, now {getattr(new, what)}"
        for (world, _), new in want.items()
        for old in have.values()
        if str(old.world) == world
        for what in ("steps", "horizon")
        if getattr(old, what) != getattr(new, what)
    ]
    if stored.episodes != asked.episodes:
        changes.append(f"episodes was {stored.episodes}, now {asked.episodes}")
    refuse_changes(stored.name, changes)
    union = {**have, **want}
    groups = tuple(
        Group((e.world,), ((e.label, e.agent),), max(e.seeds, have.get(key, e).seeds), e.steps, e.horizon)
        for key, e in union.items()
    )
    return normal(replace(stored, groups=groups))


def refuse_changes(name: str, changes: Sequence[str]) -> None:
    """Raise the `UserError` for a run that exists with other settings, listing them."""
    if listed := list(dict.fromkeys(changes)):
        more = f"; and {len(listed) - 4} more" if len(listed) > 4 else ""
        raise UserError(
            f"run {name!r} exists with other settings: {'; '.join(listed[:4])}{more}\n"
            "Only more seeds, agents or worlds extend a run; choose another --name or delete that run."
        )
