"""Where a block of seeds lives: in one finite world or in a layout each, and these may change in mid-run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, layout_per_seed
from daedalus.core.world import Problem, Schedule, World

from .evaluation import greedy_values, known_values

Home = World | Schedule

#: A sort of problem, the same for every seed.
Kind = TypeVar("Kind", bound=Problem)


def lasting(home: Home) -> Schedule:
    """A world that never changes as a schedule of one phase; a schedule as it is."""
    return Schedule(home.name, np.zeros(1, np.int64), (home,)) if isinstance(home, World) else home


def plain(home: Schedule) -> Home:
    """What `lasting` made a schedule of; a schedule of several phases as it is."""
    return home if len(home.phases) > 1 else home.phases[0]


def stretches(home: Schedule, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The phases in force on the way from step `start` to `stop`, each with the step before which it ends."""
    while start < stop:
        phase = home.phase(start)
        end = stop if phase + 1 == len(home.phases) else min(stop, int(home.since[phase + 1]))
        yield phase, end
        start = end


@dataclass(frozen=True, eq=False)
class Homes:
    """The homes of N seeds: one for all of them, or one for each, of the same shape."""

    of: tuple[Schedule, ...]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.of) not in (1, len(self.seeds)):
            raise UserError(f"{self.of[0].name}: {len(self.seeds)} seeds cannot live in {len(self.of)} worlds")
        shapes = {(world.mdp.states, world.mdp.actions, world.horizon) for world in self.after(0)}
        if len(shapes) > 1:
            raise UserError(f"{self.of[0].name}: the layouts of all seeds need as many states each, and one time limit")

    @property
    def first(self) -> World:
        """The first seed's world at first; all others have its shape."""
        return self.of[0].phases[0]

    @property
    def slots(self) -> list[slice]:
        """Which seeds live in each home."""
        return [slice(None)] if len(self.of) == 1 else [slice(n, n + 1) for n in range(len(self.of))]

    @property
    def met(self) -> slice:
        """The states that an agent can meet: not the absorbing one that an import added."""
        return slice(self.first.states)

    def after(self, steps: int) -> list[World]:
        """The worlds in which those who have taken so many steps are judged (`Schedule.after`), one for each home."""
        return [home.after(steps) for home in self.of]

    def each(self, number: Callable[[World], float], steps: int) -> Floats:
        """A number of each seed's world after so many steps, (N,)."""
        return np.array(np.broadcast_to([number(world) for world in self.after(steps)], len(self.seeds)), np.float64)

    def known(self, steps: int, horizon: int | None) -> tuple[Floats, Floats]:
        """The best and the random evaluation value (N,) in the worlds after so many steps; NaN where unknown."""
        best = self.each(lambda world: known_values(world, horizon)[0], steps)
        return best, self.each(lambda world: known_values(world, horizon)[1], steps)

    def values(self, policies: Ints, steps: int, horizon: int | None) -> tuple[Floats, Bools]:
        """The evaluation value (N,) of policies (N, S) in the worlds after so many steps, and which are exact (N,)."""
        found = [
            greedy_values(world, policies[slot], horizon)
            for world, slot in zip(self.after(steps), self.slots, strict=True)
        ]
        return np.concatenate([value for value, _ in found]), np.concatenate([exact for _, exact in found])


def shared(home: Home, seeds: Sequence[int]) -> Homes:
    """One home for all seeds."""
    return Homes((lasting(home),), tuple(seeds))


def homes(experiment: Experiment, first: Home, seeds: Sequence[int]) -> Homes:
    """The homes of a block of seeds, of which the first one's is loaded."""
    if not layout_per_seed(experiment.world):
        return shared(first, seeds)
    return Homes(tuple(lasting(home) for home in each_own(experiment, first, seeds)), tuple(seeds))


def each_own(experiment: Experiment, first: Kind, seeds: Sequence[int]) -> list[Kind]:
    """What a spec names for each of the seeds, of which the first one's is loaded."""
    load = find("service", "load_problem").load()
    return [first, *(load(experiment.world, seed) for seed in seeds[1:])]
