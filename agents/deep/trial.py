"""The trial of deep learners: a block of seeds that live and learn in lockstep, judged at every evaluation point."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import torch

from daedalus.agents.homes import each_own, homes
from daedalus.agents.records import curve_record, episodes_record, resumed, snapshot
from daedalus.core.catalogue import find
from daedalus.core.device import threads
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import (
    Experiment,
    Final,
    Record,
    Snapshot,
    evaluation_steps,
    scalars_record,
)
from daedalus.core.spec import fill
from daedalus.core.world import Bandit, Problem, Schedule, World

from .config import DQNConfig
from .finite import FiniteLiving
from .judges import FiniteJudge, Judge, OpenJudge
from .living import Living
from .network import numerics_of
from .open import OpenLiving, open_spaces
from .population import DQNPopulation


def trial(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """Run deep learners: the trial "deep".

    There is a snapshot at every evaluation point where the environments can be taken down: in finite worlds, in this
    suite's own environments and in Gymnasium's classic control; elsewhere an interrupted block starts again.
    """
    problem: Problem = find("service", "load_problem").load()(experiment.world, seeds[0])
    agent = find("agent", experiment.agent.name).load()
    config: DQNConfig = fill(agent.config_class, experiment.agent.mapping, experiment.agent.name)
    with threads(1):
        living, judge = _placed(experiment, problem, config, seeds)
        with closing(living):
            capacity = min(config.buffer_size, experiment.steps)  # more transitions never come
            device = numerics_of(config, living.sense.eye.seen)
            population = DQNPopulation(living, config, seeds, experiment.steps, device, capacity)
            yield from _lived(experiment, population, judge, resume)
            yield Final(judge.kept(population, experiment.steps))


def _placed(experiment: Experiment, problem: Problem, config: DQNConfig, seeds: Sequence[int]) -> tuple[Living, Judge]:
    """Where the seeds live, and who judges them there."""

    def settled(seen: tuple[int, ...]) -> torch.device:
        return numerics_of(config, seen).device

    match problem:
        case World() | Schedule():
            where = homes(experiment, problem, seeds)
            return FiniteLiving(where, lambda seen: numerics_of(config, seen).device), FiniteJudge(
                where, experiment.horizon
            )
        case Bandit():
            raise UserError(f"{experiment.agent.name} learns from what it sees; {experiment.world} is a bandit")
    worlds = each_own(experiment, problem, seeds)
    envs = [world.make() for world in worlds]
    first = int(open_spaces(envs[0], problem.name)[1].start)
    living = OpenLiving(envs, seeds, settled, problem.name)
    return living, OpenJudge(worlds, experiment.horizon, first)


def _lived(
    experiment: Experiment, population: DQNPopulation, judge: Judge, resume: Snapshot | None
) -> Iterator[Record | Snapshot]:
    """Live to the end with rows and, where there can be one, a snapshot at every evaluation point."""
    seeds, seconds, evaluating = population.seeds, 0.0 if resume is None else resumed(resume, population), 0.0
    population.tally.log = [] if experiment.episodes else None
    for step in evaluation_steps(experiment.steps):
        if resume is not None and step <= resume.step:
            continue
        began = time.perf_counter()
        population.run(step)
        lived = time.perf_counter()
        yield from _episodes(population)
        columns = {**judge.columns(population, step), **population.summary()}
        seconds, evaluating = seconds + lived - began, evaluating + time.perf_counter() - lived
        yield curve_record(seeds, step, seconds=seconds, seconds_evaluating=evaluating, **columns)
        for n, seed in enumerate(seeds):
            yield scalars_record(seed, step, scalars(population, n, columns))
        yield from judge.believed(population, step)
        if (arrays := population.arrays()) is not None:
            yield snapshot(step, arrays, seconds)


def scalars(population: DQNPopulation, n: int, columns: Any) -> dict[str, float]:
    """What is told of slot n, by Stable-Baselines3's tags; a number that there is not yet is left out."""
    ret, length = population.tally.recent(n)
    told = {
        "rollout/ep_rew_mean": ret,
        "rollout/ep_len_mean": length,
        "rollout/exploration_rate": population.epsilon,
        "train/loss": float(columns["loss"][n]),
        "train/n_updates": float(population.updates),
        "train/learning_rate": population.config.learning_rate,
    }
    if "regret" in columns and np.all(columns["exact"]):
        told["exact/regret"] = float(np.broadcast_to(columns["regret"], len(population.seeds))[n])
    return {tag: value for tag, value in told.items() if np.isfinite(value)}


def _episodes(population: DQNPopulation) -> Iterator[Record]:
    """The episodes that finished since the last call, seed by seed."""
    log = population.tally.log
    if not log:
        return
    rows = np.array(log, dtype=np.float64)
    for n in np.unique(rows[:, 0]).astype(int).tolist():
        yield episodes_record(population.seeds[n], rows[rows[:, 0] == n, 1:])
    log.clear()
