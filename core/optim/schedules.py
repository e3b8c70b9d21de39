"""Schedules: by which factor the learning rate is multiplied at each step.

Step counts begin at 0. Of the first `warm_up` steps, step t multiplies by (t + 1)/warm_up besides, so that the last of
them has the whole rate; what falls over `steps` begins to fall when the warm-up is over.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, chosen


@dataclass(frozen=True)
class Constant:
    """The whole rate, always."""

    warm_up: int = 0

    def __post_init__(self) -> None:
        _check("constant", warm_up=self.warm_up)

    def factor(self, step: int) -> float:
        """1 after the warm-up."""
        return _warm(step, self.warm_up)


@dataclass(frozen=True)
class Linear:
    """Falls along a line to `end` times the rate at step `steps`, and stays there."""

    steps: int | None = None
    end: float = 0.0
    warm_up: int = 0

    def __post_init__(self) -> None:
        _check("linear", self.steps, self.end, self.warm_up)

    def factor(self, step: int) -> float:
        """1 − (1 − end)·progress."""
        return _warm(step, self.warm_up) * (1 - (1 - self.end) * _progress(step, self.steps, self.warm_up))


@dataclass(frozen=True)
class Cosine:
    """Falls along half a cosine to `end` times the rate at step `steps` (Loshchilov & Hutter 2017, eq. 5)."""

    steps: int | None = None
    end: float = 0.0
    warm_up: int = 0

    def __post_init__(self) -> None:
        _check("cosine", self.steps, self.end, self.warm_up)

    def factor(self, step: int) -> float:
        """End + (1 − end)·½(1 + cos π·progress)."""
        fallen = 0.5 * (1 + math.cos(math.pi * _progress(step, self.steps, self.warm_up)))
        return _warm(step, self.warm_up) * (self.end + (1 - self.end) * fallen)


@dataclass(frozen=True)
class Stairs:
    """Multiplies the rate by `times` after every `every` steps."""

    every: int = 1000
    times: float = 0.5
    warm_up: int = 0

    def __post_init__(self) -> None:
        _check("stairs", self.every, self.times, self.warm_up)

    def factor(self, step: int) -> float:
        """times^⌊t/every⌋, where t counts from the end of the warm-up."""
        return float(_warm(step, self.warm_up) * self.times ** (max(step - self.warm_up, 0) // self.every))


@dataclass(frozen=True)
class Plateau:
    """Multiplies the rate by `times` when `patience` scores in a row were no better than the best by `least`.

    The rate is never less than `floor` times what it was. It hears scores (higher is better) through `Hearing.tell`; of
    a population, one score for all slots.
    """

    patience: int = 10
    times: float = 0.1
    least: float = 0.0
    floor: float = 1e-4
    warm_up: int = 0

    def __post_init__(self) -> None:
        _check("plateau", self.patience, self.times, self.warm_up)
        _check("plateau", share=self.floor)
        if not self.least >= 0:
            raise UserError(f"plateau: least must be at least 0, not {self.least:g}")

    def factor(self, step: int) -> float:
        """The warm-up's alone; what was heard comes on top."""
        return _warm(step, self.warm_up)


Schedule = Constant | Linear | Cosine | Stairs | Plateau

SCHEDULES = {"constant": Constant, "linear": Linear, "cosine": Cosine, "stairs": Stairs, "plateau": Plateau}


def schedule(asked: Schedule | Spec | str) -> Schedule:
    """Read `cosine(steps=2000,warm_up=100)` or its `Spec`. Raises `UserError` that names the nearest known one."""
    if isinstance(asked, Schedule):
        return asked
    found: Schedule = chosen("schedule", asked, SCHEDULES)
    return found


def over(asked: Schedule, steps: int) -> Schedule:
    """The same schedule, ending at `steps` where it was not told where to end."""
    if isinstance(asked, Linear | Cosine) and asked.steps is None:
        return dataclasses.replace(asked, steps=max(steps, asked.warm_up + 1))
    return asked


class Hearing:
    """A schedule as it runs, with what it heard: the one state that a schedule may have."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._best, self._waited, self._fallen = -math.inf, 0, 1.0

    def factor(self, step: int) -> float:
        """What the learning rate is multiplied by at that step."""
        return self.schedule.factor(step) * self._fallen

    def tell(self, score: float) -> None:
        """Hear the score of an evaluation."""
        plan = self.schedule
        if not isinstance(plan, Plateau):
            return
        if score > self._best + plan.least:
            self._best, self._waited = score, 0
            return
        self._waited += 1
        if self._waited >= plan.patience:
            self._waited, self._fallen = 0, max(self._fallen * plan.times, plan.floor)

    def state(self) -> tuple[float, float, float]:
        """What it heard, as numbers."""
        return self._best, self._waited, self._fallen

    def take_up(self, state: Sequence[float]) -> None:
        """Go on from what `state` returned."""
        self._best, self._waited, self._fallen = float(state[0]), int(state[1]), float(state[2])


def _warm(step: int, warm_up: int) -> float:
    return 1.0 if step >= warm_up else (step + 1) / warm_up


def _progress(step: int, steps: int | None, warm_up: int) -> float:
    if steps is None:
        raise UserError("this schedule falls to an end: say at which step, as in cosine(steps=2000)")
    return min(max((step - warm_up) / (steps - warm_up), 0.0), 1.0)


def _check(name: str, steps: int | None = None, share: float = 0.0, warm_up: int = 0) -> None:
    if warm_up < 0:
        raise UserError(f"{name}: warm_up must be at least 0, not {warm_up}")
    if steps is not None and steps < 1:
        raise UserError(f"{name}: its steps must be at least 1, not {steps}")
    if name in ("linear", "cosine") and steps is not None and steps <= warm_up:
        raise UserError(f"{name}: steps must be more than warm_up, not {steps} with warm_up={warm_up}")
    if not 0 <= share <= 1:
        raise UserError(f"{name}: its share of the rate must lie in [0, 1], not {share:g}")
