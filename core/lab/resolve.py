"""Names become worlds and agents: everything is checked here, before a folder is made or a process started."""

import hashlib
import inspect
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from daedalus.core.catalogue import Entry, find, of_kind
from daedalus.core.errors import UserError
from daedalus.core.lab.encoding import experiment_to_json, settings_of, slug
from daedalus.core.spec import Spec, fill, label_hint, show
from daedalus.core.world import Bandit, Problem, Schedule, World, sort_of

from .experiment import Experiment, Plan, layout_per_seed

_SORTS = {
    "bandit": "a bandit",
    "contextual": "a contextual bandit",
    "finite": "a finite world",
    "changing": "a finite world that changes in mid-run",
    "open": "a world that is not finite",
}
_PLURALS = {
    "bandit": "bandits",
    "contextual": "contextual bandits",
    "finite": "finite worlds",
    "changing": "worlds that change",
    "open": "other environments",
}


@dataclass(frozen=True, eq=False)
class Place:
    """A world of the plan, loaded."""

    spec: Spec
    problem: Problem
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
    """Load every world, find every agent and fill its config.

    Raises `UserError` for an unknown world, agent or parameter, naming the nearest, and for an agent that cannot
    live in its world, by what its entry suits or by what its class method `check(problem)` says.
    """
    _know_agents(plan)
    load_problem = find("service", "load_problem").load()
    places: dict[Spec, Place] = {}
    seats: list[Seat] = []
    for experiment in plan.experiments():
        if experiment.world not in places:
            problem = load_problem(experiment.world)
            places[experiment.world] = Place(experiment.world, problem, experiment.horizon, experiment.steps)
        entry = find("agent", experiment.agent.name)
        _refuse_mismatch(entry, places[experiment.world])
        learner = entry.load()
        config = _filled(learner.config_class, experiment.agent)
        if hasattr(learner, "check"):  # a learner may look at the world itself, at its spaces for example
            learner.check(places[experiment.world].problem)
        seats.append(Seat(experiment, entry, settings_of(config)))
    return Resolved(plan, tuple(places.values()), tuple(seats))


def _filled(config_class: Any, agent: Spec) -> Any:
    """The agent's config; where an unknown parameter names an agent, a label was meant: `ucb,Fast=sarsa`."""
    try:
        return fill(config_class, agent.mapping, agent.name)
    except UserError as error:
        known = inspect.signature(config_class).parameters
        for key, value in agent.params:
            named = value.name if isinstance(value, Spec) else value
            if key not in known and named in of_kind("agent") and "did you mean" not in str(error):
                raise UserError(f"{error}{label_hint(key, show(value))}") from error
        raise


def _know_agents(plan: Plan) -> None:
    """A misspelt agent is refused before a large world is built."""
    for experiment in plan.experiments():
        find("agent", experiment.agent.name)


def _refuse_mismatch(entry: Entry, place: Place) -> None:
    sort = sort_of(place.problem)
    if sort in entry.suits:
        return
    made_for = _listed([_PLURALS[suit] for suit in entry.suits])
    fitting = [other for other in of_kind("agent").values() if sort in other.suits]
    special = sorted(
        fitting, key=lambda other: (other.suits != (sort,), other.trial == "baseline")
    )  # made for it first
    shown = ", ".join(other.name for other in special[:6]) + (", …" if len(special) > 6 else "")
    raise UserError(
        f"{entry.name} is made for {made_for}, and cannot run in {place.spec}, {_SORTS[sort]}; "
        f"try {shown or 'another world'}"
    )


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def renamed(resolved: Resolved) -> Resolved:
    """The same with the name of its run filled in."""
    return replace(resolved, plan=replace(resolved.plan, name=resolved.name()))
