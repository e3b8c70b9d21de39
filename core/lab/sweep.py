"""Sweeps: one agent or world written once stands for many, one for each value of a parameter.

    alpha=0.1,0.2,0.5           every listed agent that has this parameter
    sarsa.alpha=0.5,1           only agents of that name or label; wins over the line above
    env.slip=0,0.1,0.2          every listed world that has it; a world's name in place of env aims at one
    data.noise=0,0.1            the same of data sets
    explore=ucb(c=1),ucb(c=2)   values may be whole specs

Several sweeps make a grid. What an agent or a world already says of a parameter stays as it says. The result are
ordinary agents and worlds, such as `q_learning:alpha=0.2`: nothing behind a plan knows of sweeps.
"""

import inspect
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError, unknown
from daedalus.core.spec import Spec, parse_value, show, split

from .experiment import Group, entry_of

#: More members than anybody compares; a larger grid is a slip.
MOST_MEMBERS = 10_000

#: The target that means every world, and its other name, of data sets.
ALL_WORLDS, _ALL_DATA = "env", "data"

_EXAMPLE = "alpha=0.1,0.2,0.5"

Sweeps = str | Mapping[str, Any] | Iterable[str]


@dataclass(frozen=True)
class Sweep:
    """One parameter and its values; `target` is an agent's name or label, a world's name, `env`, or empty."""

    target: str
    key: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.target}.{self.key}" if self.target else self.key


def read_sweeps(given: Sweeps | None, where: str = "sweep") -> tuple[Sweep, ...]:
    """Read sweeps: a text `alpha=0.1,0.2`, a list of such texts, or a mapping of keys to lists of values.

    Raises `UserError` that names `where` for what is none.
    """
    match given:
        case None:
            found = []
        case str():
            found = [_parsed(given, where)]
        case Mapping():
            found = [_sweep(str(key), _values(values, f"{where}: {key}"), where) for key, values in given.items()]
        case Iterable():
            found = [_parsed(text, where) for text in given]
        case _:
            raise UserError(f"{where}: expected {_EXAMPLE} or {{alpha: [0.1, 0.2]}}, not {given!r}")
    names = [str(one) for one in found]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{where}: {name} is swept twice; give all its values at once")
    return tuple(found)


def _parsed(text: Any, where: str) -> Sweep:
    if not isinstance(text, str) or "=" not in text:
        raise UserError(f"{where}: expected a parameter and its values such as {_EXAMPLE}, not {text!r}")
    name, _, listed = text.partition("=")
    pieces = [piece.strip() for piece in split(listed)]
    for piece in pieces:
        if not piece:
            raise UserError(f"{where}: {name.strip()} has an empty value in {text!r}")
        if "=" in piece.partition("(")[0]:
            raise UserError(f"{where}: {piece!r} is a second parameter; give each a sweep of its own")
    return _sweep(name, [parse_value(piece) for piece in pieces], where)


def _values(values: Any, where: str) -> list[Any]:
    listed = list(values) if isinstance(values, Iterable) and not isinstance(values, str | Mapping) else [values]
    listed = [tuple(value) if isinstance(value, list) else value for value in listed]  # YAML's way to say (16,32)
    for value in listed:
        members = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(one, bool | int | float | str | Spec | None) for one in members):
            raise UserError(f"{where}: expected a list of values such as [0.1, 0.2], found {value!r}")
    return [parse_value(value) if isinstance(value, str) else value for value in listed]


def _sweep(name: str, values: Sequence[Any], where: str) -> Sweep:
    target, _, key = name.strip().rpartition(".")
    if not key.isidentifier():
        raise UserError(f"{where}: {name.strip()!r} is no parameter; expected something like {_EXAMPLE}")
    if not values:
        raise UserError(f"{where}: {key} has no values")
    for value in values:
        if sum(value == other and type(value) is type(other) for other in values) > 1:
            raise UserError(f"{where}: {key} has the value {show(value)} twice")
    return Sweep(ALL_WORLDS if target == _ALL_DATA else target, key, tuple(values))


def swept(group: Group, sweeps: Sequence[Sweep], where: str = "sweep") -> Group:
    """The group with every combination of values in place of the agents and worlds that are swept.

    Raises `UserError` for a sweep that changes nothing: an unknown target, or a parameter that nothing listed has or
    that all which have it fix themselves.
    """
    if not sweeps:
        return group
    agents = [(label, agent, _of_agent(label, agent, group, sweeps)) for label, agent in group.agents]
    worlds = [(world, _of_world(world, group.worlds, sweeps)) for world in group.worlds]
    used = [one for *_, chosen in agents for one in chosen] + [one for _, chosen in worlds for one in chosen]
    for sweep in sweeps:
        if sweep not in used and not _overruled(sweep, sweeps):
            raise UserError(f"{where}: {_why_unused(sweep, group)}")
    members = sum(_size(chosen) for *_, chosen in agents) * sum(_size(chosen) for _, chosen in worlds)
    if members > MOST_MEMBERS:
        raise UserError(f"{where}: {members:,} combinations are more than the {MOST_MEMBERS:,} that one run may have")
    return replace(
        group,
        worlds=tuple(variant for world, chosen in worlds for variant in _variants(world, chosen)),
        agents=tuple(
            (_label(label, agent, variant), variant)
            for label, agent, chosen in agents
            for variant in _variants(agent, chosen)
        ),
    )


def _of_agent(label: str, agent: Spec, group: Group, sweeps: Sequence[Sweep]) -> list[Sweep]:
    """The sweeps that an agent takes part in: those aimed at it win over those for all."""
    open_keys = [key for key in _parameters(agent, group) if key not in agent.mapping]
    chosen = {sweep.key: sweep for sweep in sweeps if not sweep.target and sweep.key in open_keys}
    aimed = {sweep.key: sweep for sweep in sweeps if sweep.target in (label, agent.name) and sweep.key in open_keys}
    return list((chosen | aimed).values())


def _parameters(agent: Spec, group: Group) -> list[str]:
    return list(inspect.signature(entry_of(group.worlds[0], agent).load().config_class).parameters)


def _of_world(world: Spec, worlds: Sequence[Spec], sweeps: Sequence[Sweep]) -> list[Sweep]:
    """The sweeps that a world takes part in. What nobody is known to have, all get: they say themselves what is wrong.

    Only builders in the catalogue tell their parameters; a drawing or a Gymnasium id is trusted to have any.
    """
    chosen: dict[str, Sweep] = {}
    for sweep in sorted(sweeps, key=lambda sweep: sweep.target != ALL_WORLDS):
        meant = sweep.target in (world.name, str(world)) or (
            sweep.target == ALL_WORLDS and (_has(world, sweep.key) or not any(_has(one, sweep.key) for one in worlds))
        )
        if meant and sweep.key not in world.mapping:
            chosen[sweep.key] = sweep
    return list(chosen.values())


def _has(world: Spec, key: str) -> bool:
    entry = of_kind("data").get(world.name) or of_kind("world").get(world.name)
    return entry is None or key in inspect.signature(entry.load()).parameters


def _overruled(sweep: Sweep, sweeps: Sequence[Sweep]) -> bool:
    """Whether a sweep for all could be unused only because others, aimed at someone, win."""
    return sweep.target in ("", ALL_WORLDS) and any(one.key == sweep.key and one is not sweep for one in sweeps)


def _why_unused(sweep: Sweep, group: Group) -> str:
    aimed = [agent for label, agent in group.agents if sweep.target in ("", label, agent.name)]
    worlds = [world for world in group.worlds if sweep.target in (ALL_WORLDS, world.name, str(world))]
    if not aimed and not worlds:
        known = [ALL_WORLDS, *(label for label, _ in group.agents), *(agent.name for _, agent in group.agents)]
        return str(
            unknown("target of a sweep", sweep.target, dict.fromkeys([*known, *(world.name for world in group.worlds)]))
        )
    fixed = [one for one in [*aimed, *worlds] if sweep.key in one.mapping]
    if fixed:
        return f"{fixed[0]} fixes {sweep.key} itself; leave it out there"
    keys = dict.fromkeys(key for agent in aimed for key in _parameters(agent, group))
    return str(unknown(f"parameter of {sweep.target or 'the agents listed'}", sweep.key, keys))


def _size(chosen: Sequence[Sweep]) -> int:
    return math.prod(len(sweep.values) for sweep in chosen)


def _variants(spec: Spec, chosen: Sequence[Sweep]) -> list[Spec]:
    """The spec with every combination of values; the last sweep's vary fastest."""
    keys = [sweep.key for sweep in chosen]
    return [
        Spec(spec.name, (*spec.params, *zip(keys, values, strict=True)))
        for values in itertools.product(*(sweep.values for sweep in chosen))
    ]


def _label(label: str, agent: Spec, variant: Spec) -> str:
    """`q_learning:alpha=0.1`; after a label of the user's own, `Fast:alpha=0.1`."""
    if label == str(agent):
        return str(variant)
    return str(Spec(label, variant.params[len(agent.params) :]))
