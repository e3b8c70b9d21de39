"""Searches by a population: a genetic algorithm and a particle swarm."""

from dataclasses import dataclass
from typing import final

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError

from .protocol import Search, check_ranges


@dataclass(frozen=True)
class Genetic:
    """A genetic algorithm (Eiben & Smith 2015, chapter 4): tournaments, crossover, Gaussian mutation, elitism.

    Parents win tournaments of `tournament` drawn with replacement. With chance `crossover` a child takes each gene
    from either parent, else all from the first; each gene mutates with chance `rate` by N(0, mutation²), which shrinks
    by `cooling` a generation. The `elite` fittest live on and are not evaluated again.
    """

    population: int = 64
    tournament: int = 3
    crossover: float = 0.9
    mutation: float = 0.3
    rate: float = 0.3
    cooling: float = 0.97
    elite: int = 2
    spread: float = 1.0

    def __post_init__(self) -> None:
        check_ranges("genetic", 2, population=self.population)
        check_ranges("genetic", 1, tournament=self.tournament)
        check_ranges("genetic", 0, crossover=self.crossover, mutation=self.mutation, rate=self.rate, elite=self.elite)
        check_ranges("genetic", 0, above=True, cooling=self.cooling, spread=self.spread)
        if self.elite >= self.population:
            raise UserError(f"genetic: elite, {self.elite}, must be below the population, {self.population}")
        if max(self.crossover, self.rate) > 1:
            raise UserError("genetic: crossover and rate are chances, at most 1")

    def begin(self, start: Floats) -> Search:
        """A search whose first population is the start plus N(0, spread²), and the start itself."""
        return _Breeder(self, start)


@final
class _Breeder(Search):
    def __init__(self, spec: Genetic, start: Floats) -> None:
        super().__init__(start)
        self._spec, self._start, self._mutation = spec, start.copy(), spec.mutation
        self._genes: Floats = np.empty((0, start.size))  # fittest first
        self._fitness: Floats = np.empty(0)

    def ask(self, generator: np.random.Generator) -> Floats:
        spec, size = self._spec, self._start.size
        if not len(self._genes):
            noise = spec.spread * generator.standard_normal((spec.population, size))
            noise[0] = 0.0
            return self._start + noise
        children = spec.population - spec.elite
        entrants = generator.integers(len(self._genes), size=(2, children, spec.tournament))
        mother, father = self._genes[entrants.min(axis=2)]  # ranks: the lowest wins
        crossed = generator.random((children, 1)) < spec.crossover
        child = np.where(crossed & (generator.random((children, size)) < 0.5), father, mother)
        mutated = generator.random((children, size)) < spec.rate
        change = self._mutation * generator.standard_normal((children, size))
        return np.asarray(child + mutated * change)

    def learn(self, candidates: Floats, fitness: Floats) -> None:
        if len(self._genes):
            self._mutation *= self._spec.cooling
        genes = np.concatenate([self._genes[: self._spec.elite], candidates])
        values = np.concatenate([self._fitness[: self._spec.elite], fitness])
        order = np.argsort(-values, kind="stable")
        self._genes, self._fitness = genes[order], values[order]


@dataclass(frozen=True)
class Swarm:
    """Particle swarm optimisation (Kennedy & Eberhart 1995), by default with Clerc & Kennedy's (2002) constriction.

    v ← inertia·v + cognitive·u·(own best − x) + social·u'·(best of all − x), x ← x + v, u and u' from U(0, 1) per axis.
    """

    particles: int = 32
    inertia: float = 0.7298
    cognitive: float = 1.49618
    social: float = 1.49618
    spread: float = 1.0

    def __post_init__(self) -> None:
        check_ranges("swarm", 1, particles=self.particles)
        check_ranges("swarm", 0, inertia=self.inertia, cognitive=self.cognitive, social=self.social)
        check_ranges("swarm", 0, above=True, spread=self.spread)

    def begin(self, start: Floats) -> Search:
        """A search whose particles begin at rest at the start plus N(0, spread²), one of them at the start."""
        return _Flock(self, start)


@final
class _Flock(Search):
    def __init__(self, spec: Swarm, start: Floats) -> None:
        super().__init__(start)
        self._spec = spec
        self._place: Floats = np.tile(start, (spec.particles, 1))
        self._velocity = np.zeros_like(self._place)
        self._best, self._fitness = self._place.copy(), np.full(spec.particles, -np.inf)
        self._begun = False

    def ask(self, generator: np.random.Generator) -> Floats:
        spec, shape = self._spec, self._place.shape
        if not self._begun:
            noise = spec.spread * generator.standard_normal(shape)
            noise[0] = 0.0
            self._place, self._begun = self._place + noise, True
            return self._place.copy()
        own, all_ = generator.random(shape), generator.random(shape)
        self._velocity = (
            spec.inertia * self._velocity
            + spec.cognitive * own * (self._best - self._place)
            + spec.social * all_ * (self._best[self._fitness.argmax()] - self._place)
        )
        self._place = self._place + self._velocity
        return self._place.copy()

    def learn(self, candidates: Floats, fitness: Floats) -> None:
        better = fitness > self._fitness
        self._best = np.where(better[:, None], candidates, self._best)
        self._fitness = np.where(better, fitness, self._fitness)
