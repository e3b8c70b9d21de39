"""The floor and the ceiling of every plot: uniformly random actions, and the exact solution."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.catalogue import find
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.world import Bandit, OpenWorld

from .baseline_lives import BanditLives, FiniteLives
from .baseline_open import OpenLives


@dataclass(frozen=True)
class RandomConfig:
    """`random` has no parameters."""


@dataclass(frozen=True)
class OptimalConfig:
    """`optimal` has no parameters."""


class Random:
    """Uniformly random actions: what knowing nothing is worth.

    In a finite world its value is computed exactly; elsewhere it is sampled on the shared evaluation seeds.
    """

    config_class = RandomConfig


class Optimal:
    """The exact solution as a strategy: what knowing everything is worth.

    A bandit's best arm. In a finite world the value is the best expected return under the time limit, so its regret
    is 0; the actions shown and lived are the best ones without a limit (a limit makes the best action depend on the
    time left, which matters only in worlds where the end is a matter of chance).
    """

    config_class = OptimalConfig


def baseline(
    experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None
) -> Iterator[Record | Snapshot | Final]:
    """Run `random` or `optimal`: the trial of both. In open worlds there is no snapshot; it starts again."""
    began = time.perf_counter()
    lives = _lives(experiment, seeds)
    points = evaluation_steps(experiment.steps)
    if resume is not None:
        lives.restore(resume)
        began -= float(resume.arrays["seconds"])
        points = [step for step in points if step > resume.step]
    for step in points:
        if step == 0 and not lives.measures_start:
            continue
        yield from lives.run(step, began)
        if lives.snapshots:
            yield Snapshot(step, {**lives.arrays(), "seconds": np.array(time.perf_counter() - began)})
    yield Final(lives.final())


def _lives(experiment: Experiment, seeds: Sequence[int]) -> BanditLives | FiniteLives | OpenLives:
    load = find("service", "load_problem").load()
    problems = [load(experiment.world, seed) for seed in seeds[:1]]
    optimal = experiment.agent.name == "optimal"
    match problems[0]:
        case Bandit():
            return BanditLives([load(experiment.world, seed) for seed in seeds], seeds, optimal)
        case OpenWorld() as world:
            return OpenLives(world, seeds, experiment)
        case world:
            return FiniteLives(world, seeds, optimal, experiment)
