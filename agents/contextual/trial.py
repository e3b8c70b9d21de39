"""The trial of linear bandit learners: in each contextual bandit of a block of seeds, judged by what its arms earn."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np

from daedalus.agents.homes import each_own
from daedalus.agents.records import curve_record, episodes_record, resumed, snapshot
from daedalus.core.arrays import Floats
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.spec import fill
from daedalus.core.world import OpenWorld

from .life import LinearBandits

#: Steps between two records of finished episodes; bounds their memory.
LOGGED_STEPS = 2**14


def trial(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """Run a linear bandit learner: the trial "contextual"."""
    problem = find("service", "load_problem").load()(experiment.world, seeds[0])
    if not isinstance(problem, OpenWorld):
        raise UserError(f"{experiment.agent.name} learns from contexts, and {experiment.world} shows none")
    agent = find("agent", experiment.agent.name).load()
    config = fill(agent.config_class, experiment.agent.mapping, experiment.agent.name)
    with closing(LinearBandits(each_own(experiment, problem, seeds), config, seeds)) as bandits:
        yield from _lived(experiment, bandits, resume)
        yield Final({"weights": bandits.now.theta, "pulls": bandits.now.pulls})


def _lived(experiment: Experiment, bandits: LinearBandits, resume: Snapshot | None) -> Iterator[Record | Snapshot]:
    """Live to the end with a row and, where the environments can be kept, a snapshot at every evaluation point."""
    began, seeds = time.perf_counter(), bandits.seeds
    if resume is not None:
        began -= resumed(resume, bandits)
    for step in evaluation_steps(experiment.steps):
        if resume is not None and step <= resume.step:
            continue
        before = bandits.step
        for rest in _pauses(before, step):
            first, rewards_NT = bandits.step, bandits.run(rest)
            if experiment.episodes:
                yield from _episodes(seeds, first, rewards_NT)
        columns = bandits.judged(experiment.horizon)
        reward_N = bandits.summary()
        seconds = time.perf_counter() - began
        yield curve_record(
            seeds,
            step,
            seconds=seconds,
            episodes=step - before,
            reward=reward_N,
            length=1.0 if step > before else np.nan,
            **{"return": reward_N},
            **columns,
        )
        if bandits.resumable:
            yield snapshot(step, bandits.arrays(), seconds)


def _pauses(start: int, stop: int) -> Iterator[int]:
    yield from range(start + LOGGED_STEPS, stop, LOGGED_STEPS)
    if stop > start:
        yield stop


def _episodes(seeds: Sequence[int], first: int, rewards_NT: Floats) -> Iterator[Record]:
    """Every step is an episode."""
    number = first + np.arange(rewards_NT.shape[1])
    for seed, reward_T in zip(seeds, rewards_NT, strict=True):
        yield episodes_record(seed, np.stack([number, number + 1, reward_T, np.ones_like(reward_T)], axis=1))
