"""Searches by a normal distribution that moves: the cross-entropy method and evolution strategies."""

from dataclasses import dataclass
from typing import final

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError

from .protocol import Search, check_ranges


@dataclass(frozen=True)
class CrossEntropy:
    """The cross-entropy method with a diagonal normal (Rubinstein 1999; de Boer et al. 2005).

    Mean and standard deviation become those of the `elite` fittest; `smoothing` keeps that share of the old ones. The
    variance of axis d is never below `floor`², which keeps the search from freezing too early (Szita & Lőrincz 2006
    add noise instead); the floor decays by `cooling` a generation.
    """

    population: int = 64
    elite: int = 8
    spread: float = 1.0
    floor: float = 0.05
    cooling: float = 0.95
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_ranges("cross_entropy", 1, population=self.population, elite=self.elite)
        check_ranges("cross_entropy", 0, floor=self.floor, smoothing=self.smoothing)
        check_ranges("cross_entropy", 0, above=True, spread=self.spread, cooling=self.cooling)
        if self.elite > self.population:
            raise UserError(f"cross_entropy: elite, {self.elite}, must not exceed the population, {self.population}")
        if self.smoothing >= 1:
            raise UserError(f"cross_entropy: smoothing must be below 1, not {self.smoothing:g}")

    def begin(self, start: Floats) -> Search:
        """A search whose first candidates are the start plus N(0, spread²)."""
        return _Narrowing(self, start)


@final
class _Narrowing(Search):
    def __init__(self, spec: CrossEntropy, start: Floats) -> None:
        super().__init__(start)
        self._spec, self._mean, self._floor = spec, start.copy(), spec.floor
        self._deviation: Floats = np.full(start.size, spec.spread)

    def ask(self, generator: np.random.Generator) -> Floats:
        noise = generator.standard_normal((self._spec.population, self._mean.size))
        return self._mean + self._deviation * noise

    def learn(self, candidates: Floats, fitness: Floats) -> None:
        keep = self._spec.smoothing
        elite = candidates[np.argsort(-fitness, kind="stable")[: self._spec.elite]]
        self._mean = keep * self._mean + (1.0 - keep) * elite.mean(axis=0)
        smoothed = keep * self._deviation + (1.0 - keep) * elite.std(axis=0)
        self._deviation = np.maximum(smoothed, self._floor)
        self._floor *= self._spec.cooling


@dataclass(frozen=True)
class EvolutionStrategy:
    """OpenAI's evolution strategy (Salimans et al. 2017, algorithm 1): a gradient from mirrored normal noise.

    g = Σ u_i ε_i / (P σ), u the centred ranks of the fitness in [−½, ½]; the mean climbs by Adam (Kingma & Ba 2015).
    σ and the rate shrink by `cooling` a generation.
    """

    population: int = 64  # even: each ε comes with −ε
    sigma: float = 0.1
    rate: float = 0.05
    cooling: float = 1.0

    def __post_init__(self) -> None:
        check_ranges("evolution_strategy", 2, population=self.population)
        check_ranges("evolution_strategy", 0, above=True, sigma=self.sigma, rate=self.rate, cooling=self.cooling)
        if self.population % 2:
            raise UserError(f"evolution_strategy: population must be even, not {self.population}")

    def begin(self, start: Floats) -> Search:
        """A search whose mean begins at the start (D,)."""
        return _Evolution(self, start)


def centred_ranks(fitness: Floats) -> Floats:
    """Ranks scaled to [−½, ½], the mean rank where some are equal (Salimans et al. 2017, section 2.1)."""
    _, which, counts = np.unique(fitness, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts + 1) / 2  # from 0
    return np.asarray(ranks[which] / max(fitness.size - 1, 1) - 0.5)


@final
class _Evolution(Search):
    def __init__(self, spec: EvolutionStrategy, start: Floats) -> None:
        super().__init__(start)
        self._spec, self._mean, self._sigma, self._rate = spec, start.copy(), spec.sigma, spec.rate
        self._first, self._second, self._t = np.zeros(start.size), np.zeros(start.size), 0

    def ask(self, generator: np.random.Generator) -> Floats:
        noise = generator.standard_normal((self._spec.population // 2, self._mean.size))
        return self._mean + self._sigma * np.concatenate([noise, -noise])

    def learn(self, candidates: Floats, fitness: Floats) -> None:
        noise = (candidates - self._mean) / self._sigma
        gradient = centred_ranks(fitness) @ noise / (fitness.size * self._sigma)
        self._t += 1
        self._first = 0.9 * self._first + 0.1 * gradient
        self._second = 0.999 * self._second + 0.001 * gradient**2
        first, second = self._first / (1 - 0.9**self._t), self._second / (1 - 0.999**self._t)
        self._mean = self._mean + self._rate * first / (np.sqrt(second) + 1e-8)
        self._sigma *= self._spec.cooling
        self._rate *= self._spec.cooling
