"""What every search has in common: it is asked for candidates and told how fit they are."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError


class Search(ABC):
    """A search of R^D in progress. Fitness is what grows; −∞ is a candidate that is none.

    P, the number of candidates, may change from one ask to the next.
    """

    def __init__(self, start: Floats) -> None:
        self.best_point: Floats = start.copy()  # (D,), the fittest told so far; the start before that
        self.best_fitness = -np.inf

    @abstractmethod
    def ask(self, generator: np.random.Generator) -> Floats:
        """The next candidates (P, D). All that the search draws, it draws here."""

    @abstractmethod
    def learn(self, candidates: Floats, fitness: Floats) -> None:
        """Take in what `tell` has checked."""

    @final
    def tell(self, candidates: Floats, fitness: Floats) -> None:
        """The fitness (P,) of the candidates (P, D) asked for last.

        Raises `UserError` for other shapes and for NaN, and then has learnt nothing.
        """
        if candidates.shape != (fitness.size, self.best_point.size) or fitness.ndim != 1 or not fitness.size:
            raise UserError(
                f"a search of {self.best_point.size} dimensions takes (P, {self.best_point.size}) candidates and their "
                f"(P,) fitness, not {candidates.shape} and {fitness.shape}"
            )
        if np.isnan(fitness).any():
            raise UserError(f"the fitness of candidate {int(np.isnan(fitness).argmax())} is NaN; say -inf for none")
        fittest = int(fitness.argmax())
        if fitness[fittest] > self.best_fitness:
            self.best_point, self.best_fitness = candidates[fittest].copy(), float(fitness[fittest])
        self.learn(candidates, fitness)


class Method(Protocol):
    """The settings of a search."""

    def begin(self, start: Floats) -> Search:
        """A search that begins at or around `start` (D,)."""
        ...


@dataclass(frozen=True, eq=False)
class Result:
    """What a search found: the point (D,), its value, and how often the function was evaluated."""

    point: Floats
    value: float
    evaluations: int


def check_ranges(owner: str, at_least: float, above: bool = False, **values: float) -> None:
    """Raise `UserError` naming the first of the values that is not at least (or `above`) a bound, or is not finite."""
    for name, value in values.items():
        if not (np.isfinite(value) and (value > at_least if above else value >= at_least)):
            raise UserError(f"{owner}: {name} must be {'above' if above else 'at least'} {at_least:g}, not {value:g}")
