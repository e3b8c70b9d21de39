"""Names become worlds and agents: everything is checked here, before a folder is made or a process started."""

import hashlib
import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from daedalus.core.catalogue import Entry, find, of_kind
from daedalus.core.data import Data, is_data, load_data
from daedalus.core.errors import UserError, unknown
from daedalus.core.lab.encoding import experiment_to_json, settings_of, slug
from daedalus.core.spec import Spec, fill, label_hint, show
from daedalus.core.world import Bandit, Problem, Schedule, World, sort_of

from .experiment import Experiment, Plan, entry_of, layout_per_seed

_SORTS = {
    "bandit": "a bandit",
    "contextual": "a contextual bandit",
    "finite": "a finite world",
    "changing": "a finite world that changes in mid-run",
    "open": "a world that is not finite",
    "classification": "data with classes",
    "regression": "data with real targets",
}
_PLURALS = {
    "bandit": "bandits",
    "contextual": "contextual bandits",
    "finite": "finite worlds",
    "changing": "worlds that change",
    "open": "other environments",
    "classification": "data with classes",
    "regression": "data with real targets",
}


@dataclass(frozen=True, eq=False)
class Place:
    """A world or data set of the plan, loaded."""

    spec: Spec
    problem: Problem | Data
    horizon: int | None  # asked for, where the world has no limit of its own
    steps: int = 0  # how long a run in it is: a world that changes is judged by what it is then

    @property
    def layout_per_seed(self) -> bool:
        """Whether `problem` is only the first seed's world."""
        return layout_per_seed(self.spec)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the world itself: a drawing that was edited has another."""
        match self.problem:
            case World() as world:
                return f"{world.mdp.fingerprint()}-{world.horizon}"
            case Schedule() as schedule:
                return f"{schedule.fingerprint()}-{schedule.phases[0].horizon}"
            case Bandit() as bandit:
                return bandit.fingerprint()
            case Data() as data:
                return data.fingerprint()
            case _:
                return hashlib.sha256(str(self.spec).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Seat:
    """One agent in one world, resolved."""

    experiment: Experiment
    entry: Entry
    settings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Resolved:
    """A plan whose every name is known to work."""

    plan: Plan
    places: tuple[Place, ...]
    seats: tuple[Seat, ...]

    def place(self, seat: Seat) -> Place:
        """The world that a seat stands in."""
        return next(place for place in self.places if place.spec == seat.experiment.world)

    def name(self) -> str:
        """The plan's name, or one made of its first world and a hash of everything resolved."""
        if self.plan.name:
            return self.plan.name
        parts = [
            [self.place(seat).fingerprint, experiment_to_json(seat.experiment), seat.settings] for seat in self.seats
        ]
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
        first = self.places[0].spec.name.rpartition("/")[2]
        return f"{slug(first).lower()}-{digest}"


def resolve(plan: Plan) -> Resolved:
    """Load every world and data set, find every agent and model and fill its config.

    Raises `UserError` for an unknown name or parameter, naming the nearest, and for an agent that cannot live in its
    world, by what its entry suits or by what its class method says: `check(problem)`, of a model `check(data, config)`.
    """
    _know_agents(plan)
    places: dict[Spec, Place] = {}
    seats: list[Seat] = []
    for experiment in plan.experiments():
        if experiment.world not in places:
            problem = _loaded(experiment.world)
            places[experiment.world] = Place(experiment.world, problem, experiment.horizon, experiment.steps)
        entry = entry_of(experiment.world, experiment.agent)
        _refuse_mismatch(entry, places[experiment.world])
        learner = entry.load()
        config = _filled(learner.config_class, experiment.agent, entry)
        if entry.kind == "model":
            _check_model(learner, places[experiment.world].problem, config, experiment.agent)
        elif hasattr(learner, "check"):  # a learner may look at the world itself, at its spaces for example
            learner.check(places[experiment.world].problem)
        seats.append(Seat(experiment, entry, settings_of(config)))
    return Resolved(plan, tuple(places.values()), tuple(seats))


def _check_model(model: Any, data: Any, config: Any, spec: Spec) -> None:
    from .fits import check_start  # torch

    model.check(data, config)
    check_start(data, model, config, spec)


def _loaded(world: Spec) -> Problem | Data:
    if is_data(world):
        return load_data(world)
    problem: Problem = find("service", "load_problem").load()(world)
    return problem


def _filled(config_class: Any, agent: Spec, entry: Entry) -> Any:
    """The agent's config; where an unknown parameter names an agent, a label was meant: `ucb,Fast=sarsa`."""
    try:
        return fill(config_class, agent.mapping, agent.name)
    except UserError as error:
        known = inspect.signature(config_class).parameters
        for key, value in agent.params:
            named = value.name if isinstance(value, Spec) else value
            if key not in known and named in of_kind(entry.kind) and "did you mean" not in str(error):
                raise UserError(f"{error}{label_hint(key, show(value))}") from error
        raise


def _know_agents(plan: Plan) -> None:
    """A misspelt name is refused before a large world is built, and a model for agents' worlds, or the reverse."""
    agents, models = of_kind("agent"), of_kind("model")
    for experiment in plan.experiments():
        name, on_data = experiment.agent.name, is_data(experiment.world)
        if on_data and name in agents and name not in models:
            raise UserError(
                f"{name} is an agent, made for worlds, and cannot be fitted to {experiment.world}, a data set; "
                f"models: {_some(models)}"
            )
        if not on_data and name in models and name not in agents:
            if experiment.world.name not in of_kind("world"):
                raise unknown("data set", experiment.world.name, of_kind("data"))
            raise UserError(
                f"{name} is a model, made for data sets, and cannot act in {experiment.world}; agents: {_some(agents)}"
            )
        entry_of(experiment.world, experiment.agent)


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:6]) + (", …" if len(shown) > 6 else "")


def _refuse_mismatch(entry: Entry, place: Place) -> None:
    data = isinstance(place.problem, Data)
    sort = place.problem.sort if isinstance(place.problem, Data) else sort_of(place.problem)
    if sort in entry.suits:
        return
    made_for = _listed([_PLURALS.get(suit, f"{suit} data") for suit in entry.suits])
    fitting = [other for other in of_kind(entry.kind).values() if sort in other.suits]
    special = sorted(
        fitting, key=lambda other: (other.suits != (sort,), other.trial == "baseline")
    )  # made for it first
    shown = _some(other.name for other in special) or f"another {'data set' if data else 'world'}"
    raise UserError(
        f"{entry.name} is made for {made_for}, and cannot {'be fitted to' if data else 'run in'} {place.spec}, "
        f"{_SORTS.get(sort, f'{sort} data')}; try {shown}"
    )


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def renamed(resolved: Resolved) -> Resolved:
    """The same with the name of its run filled in."""
    return replace(resolved, plan=replace(resolved.plan, name=resolved.name()))
