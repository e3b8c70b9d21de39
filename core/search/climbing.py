"""Searches from one point to the next: hill climbing with restarts, and simulated annealing."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError

from .protocol import Search, check_ranges


@dataclass(frozen=True)
class HillClimbing:
    """Go to the best of some normal neighbours where it is better; begin elsewhere once the step is tiny.

    The step grows by half after a success and shrinks by its fourth root after a failure, which keeps about a fifth
    of the asks successful (Rechenberg 1973). Restarts begin at the first start plus N(0, spread²).
    """

    step: float = 0.5
    smallest: float = 1e-6  # step: below it, restart
    neighbours: int = 1
    spread: float = 1.0

    def __post_init__(self) -> None:
        check_ranges("hill_climbing", 0, above=True, step=self.step, smallest=self.smallest, spread=self.spread)
        check_ranges("hill_climbing", 1, neighbours=self.neighbours)

    def begin(self, start: Floats) -> Search:
        """A search that begins at `start` (D,)."""
        return _Climber(self, start)


@final
class _Climber(Search):
    def __init__(self, spec: HillClimbing, start: Floats) -> None:
        super().__init__(start)
        self._spec, self._start = spec, start.copy()
        self._point, self._fitness, self._step = start.copy(), -np.inf, spec.step
        self._fresh = True  # the point itself has still to be told

    def ask(self, generator: np.random.Generator) -> Floats:
        spec = self._spec
        if self._step < spec.smallest:
            self._point = self._start + spec.spread * generator.standard_normal(self._start.size)
            self._step, self._fitness, self._fresh = spec.step, -np.inf, True
        if self._fresh:
            return self._point[None].copy()
        noise = generator.standard_normal((spec.neighbours, self._point.size))
        return self._point + self._step * noise

    def learn(self, candidates: Floats, fitness: Floats) -> None:
        fittest = int(fitness.argmax())
        better = bool(fitness[fittest] > self._fitness)
        if better:
            self._point, self._fitness = candidates[fittest].copy(), float(fitness[fittest])
        if not self._fresh:
            self._step *= 1.5 if better else 1.5**-0.25
        self._fresh = False


@dataclass(frozen=True)
class Annealing:
    """Simulated annealing (Kirkpatrick et al. 1983): a worse neighbour is taken with chance exp(Δfitness/T).

    The temperature falls from `hot` to `cold` in `steps` asks, by a constant factor or difference, and then
    stays; the neighbours' standard deviation is step·√(T/hot).
    """

    step: float = 0.5
    hot: float = 1.0
    cold: float = 1e-6
    steps: int = 5000
    cooling: Literal["geometric", "linear"] = "geometric"

    def __post_init__(self) -> None:
        check_ranges("annealing", 0, above=True, step=self.step, hot=self.hot, cold=self.cold)
        check_ranges("annealing", 1, steps=self.steps)
        if self.cold > self.hot:
            raise UserError(f"annealing: cold, {self.cold:g}, must not be above hot, {self.hot:g}")
        if self.cooling not in ("geometric", "linear"):
            raise UserError(f"annealing: cooling must be geometric or linear, not {self.cooling!r}")

    def temperature(self, t: int) -> float:
        """That of ask t."""
        share = min(t / self.steps, 1.0)
        if self.cooling == "geometric":
            return float(self.hot * (self.cold / self.hot) ** share)
        return self.hot + (self.cold - self.hot) * share

    def begin(self, start: Floats) -> Search:
        """A search that begins at `start` (D,)."""
        return _Annealer(self, start)


@final
class _Annealer(Search):
    def __init__(self, spec: Annealing, start: Floats) -> None:
        super().__init__(start)
        self._spec, self._point, self._fitness = spec, start.copy(), -np.inf
        self._t, self._chance = 0, 1.0

    def ask(self, generator: np.random.Generator) -> Floats:
        if self._fitness == -np.inf and self._t == 0:
            return self._point[None].copy()
        width = self._spec.step * np.sqrt(self._spec.temperature(self._t) / self._spec.hot)
        self._chance = 1.0 - generator.random()  # in (0, 1]
        return np.asarray(self._point + width * generator.standard_normal((1, self._point.size)))

    def learn(self, candidates: Floats, fitness: Floats) -> None:
        threshold = self._fitness + self._spec.temperature(self._t) * np.log(self._chance)  # -inf at first
        if fitness[0] >= threshold:
            self._point, self._fitness = candidates[0].copy(), float(fitness[0])
        self._t += 1
