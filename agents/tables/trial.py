"""The trial of table learners: a block of seeds in one kernel where the world is finite, step by step where not."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from daedalus.agents.homes import Homes, each_own, homes
from daedalus.agents.records import beliefs_record, curve_record, rests, resumed, snapshot
from daedalus.core.arrays import Bools, Floats
from daedalus.core.catalogue import find
from daedalus.core.episodes import greedy_episodes
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import (
    MOST_BELIEFS,
    Columns,
    Experiment,
    Final,
    Record,
    Snapshot,
    evaluation_steps,
)
from daedalus.core.spec import fill
from daedalus.core.world import Bandit, Schedule, World

from .population import TablePopulation

#: Steps between two records of finished episodes, where every episode is asked for; bounds their memory.
LOGGED_STEPS = 2**14


def trial(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """Run a table learner: the trial "tabular"."""
    problem = find("service", "load_problem").load()(experiment.world, seeds[0])
    agent = find("agent", experiment.agent.name).load()
    config = fill(agent.config_class, experiment.agent.mapping, experiment.agent.name)
    match problem:
        case Bandit():
            raise UserError(f"{experiment.agent.name} learns a table of states; {experiment.world} is a bandit")
        case World() | Schedule():
            where = homes(experiment, problem, seeds)
            population = TablePopulation(where, agent.method, config, seeds)
            value = functools.partial(_greedy_value, where, population, experiment.horizon)
            believed = functools.partial(_believed, where, population)
            yield from lived(experiment, where, population, resume, value, believed)
            yield Final(_learnt(population, where, where.after(experiment.steps), seeds))
        case _:
            from .trial_open import open_trial

            yield from open_trial(experiment, each_own(experiment, problem, seeds), agent.method, config, seeds)


def _learnt(population: TablePopulation, where: Homes, worlds: Sequence[World], seeds: Sequence[int]) -> Columns:
    """What is kept of the learners, laid out by state; where several look alike nobody counted the visits of each."""
    met, policy = where.met, population.greedy()
    found = {
        "q": population.by_state(population.now.q)[:, met],
        "policy": policy[:, met],
        "episode": greedy_episodes(worlds, policy, seeds),
    }
    if where.first.shows is None:
        found["visits"] = population.now.visits[:, met].sum(axis=2)
    return found


def _greedy_value(where: Homes, population: TablePopulation, horizon: int | None, step: int) -> tuple[Floats, Bools]:
    return where.values(population.greedy(), step, horizon)


def _believed(where: Homes, population: TablePopulation, step: int) -> Iterator[Record]:
    """What seed 0 believes, where it is in this block and its world can be drawn as a moving picture."""
    if 0 not in where.seeds or where.first.scene is None or where.first.states > MOST_BELIEFS:
        return
    n, met = where.seeds.index(0), where.met
    value_S = population.by_state(population.now.q)[n, met].max(axis=1)
    visits_S = population.by_state(population.now.visits)[n, met].sum(axis=1)
    yield beliefs_record(0, step, value_S, population.greedy()[n, met], visits_S)


def lived(
    experiment: Experiment,
    where: Homes,
    population: TablePopulation,
    resume: Snapshot | None,
    value: Callable[[int], tuple[Floats, Bools]],
    believed: Callable[[int], Iterator[Record]] = lambda step: iter(()),
    measure: Callable[[int], Mapping[str, Floats]] = lambda step: {},
) -> Iterator[Record | Snapshot]:
    """Live through finite worlds: a row and a snapshot at every evaluation point, and snapshots on long ways.

    `value` gives the evaluation values (N,) after so many steps, and which of them are computed, not sampled (N,).
    They, the optimum and the random value are those of the world in which the last step was taken. `believed` tells
    what is kept of the beliefs at that moment, `measure` gives further columns of the curve.
    """
    seeds, seconds, evaluating = where.seeds, 0.0 if resume is None else resumed(resume, population), 0.0
    for step in evaluation_steps(experiment.steps):
        if resume is not None and step <= resume.step:
            continue
        for rest in rests(population.step, step, len(seeds)):
            began = time.perf_counter()
            if experiment.episodes:
                yield from _logged(population, seeds, rest)
            population.run(rest)
            seconds += time.perf_counter() - began
            if rest < step:
                yield snapshot(rest, population.arrays(), seconds)
        began = time.perf_counter()
        value_N, exact_N = value(step)
        optimum_N, random_N = where.known(step, experiment.horizon)
        further = measure(step)
        evaluating += time.perf_counter() - began  # told apart: what it costs is no matter of the learner's
        yield curve_record(
            seeds,
            step,
            value=value_N,
            optimum=optimum_N,
            random_value=random_N,
            regret=optimum_N - value_N,
            exact=exact_N,
            seconds=seconds,
            seconds_evaluating=evaluating,
            **population.summary().columns(),
            **further,
        )
        yield from believed(step)
        yield snapshot(step, population.arrays(), seconds)


def _logged(population: TablePopulation, seeds: Sequence[int], until: int) -> Iterator[Record]:
    while population.step < until:
        yield from episode_rows(population.run_logged(min(until, population.step + LOGGED_STEPS)), seeds)


def episode_rows(columns: Columns, seeds: Sequence[int]) -> Iterator[Record]:
    """A record of logged episodes, under the seeds' own numbers; nothing where none finished."""
    index = columns["seed"]
    if index.size:
        yield Record("episodes", {**columns, "seed": np.array(seeds, np.int64)[index]})
