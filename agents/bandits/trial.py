"""The trial of bandit learners: a block of runs in one kernel. The run itself is the result."""

import time
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from daedalus.agents.homes import each_own
from daedalus.agents.records import beliefs_record, curve_record, rests, resumed, snapshot
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import MOST_BELIEFS, Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.spec import fill
from daedalus.core.world import Bandit

from .config import BanditSettings
from .population import BanditRuns


def trial(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """Run a bandit strategy: the trial "bandit". One episode is the whole run, so none is recorded."""
    yield from pulled(experiment, BanditRuns(_bandits(experiment, seeds), _settings(experiment), seeds), seeds, resume)


def pulled(
    experiment: Experiment, runs: BanditRuns, seeds: Sequence[int], resume: Snapshot | None
) -> Iterator[Record | Snapshot | Final]:
    """Pull to the end: a row and a snapshot at every evaluation point but step 0, and what was found.

    On long ways there are snapshots between them.
    """
    began = time.perf_counter()
    if resume is not None:
        began -= resumed(resume, runs)
    for step in evaluation_steps(experiment.steps):
        if step == 0 or (resume is not None and step <= resume.step):
            continue
        for rest in rests(runs.step, step, len(seeds)):
            runs.run(rest)
            if rest < step:
                yield snapshot(rest, runs.arrays(), time.perf_counter() - began)
        seconds = time.perf_counter() - began
        yield _measure(runs, seeds, seconds)
        yield from _believed(runs, seeds)
        yield snapshot(step, runs.arrays(), seconds)
    yield Final({"pulls": runs.now.pulls, "estimates": runs.now.q, "means": runs.means, "spread": runs.spread})


def _believed(runs: BanditRuns, seeds: Sequence[int]) -> Iterator[Record]:
    """What seed 0 believes of its arms, where it is in this block."""
    if 0 in seeds and runs.means.shape[1] <= MOST_BELIEFS:
        n = list(seeds).index(0)
        arms = np.arange(runs.means.shape[1])
        yield beliefs_record(0, runs.step, runs.now.q[n], arms, runs.now.pulls[n])


def _settings(experiment: Experiment) -> BanditSettings:
    config = find("agent", experiment.agent.name).load().config_class
    return cast(BanditSettings, fill(config, experiment.agent.mapping, experiment.agent.name))


def _bandits(experiment: Experiment, seeds: Sequence[int]) -> list[Bandit]:
    first = find("service", "load_problem").load()(experiment.world, seeds[0])
    if not isinstance(first, Bandit):
        raise UserError(
            f"{experiment.agent.name} is a bandit strategy and {experiment.world} is no bandit;\n"
            f"in a world with states use it to explore: q_learning:explore={experiment.agent.name}"
        )
    return each_own(experiment, first, seeds)


def _measure(runs: BanditRuns, seeds: Sequence[int], seconds: float) -> Record:
    reward_N, optimal_rate_N = runs.summary()
    return curve_record(
        seeds,
        runs.step,
        value=runs.value(),
        optimum=runs.optimum(),
        random_value=runs.random_value(),
        regret=runs.regret(),
        reward=reward_N,
        optimal_rate=optimal_rate_N,
        seconds=seconds,
    )
