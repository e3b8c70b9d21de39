"""Table learners in any Gymnasium environment with Discrete spaces: step by step, measured by rollouts.

Such an environment holds state that nobody can snapshot, so an interrupted block starts again.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from daedalus.core.lab.experiment import Experiment, Final, Record, evaluation_steps
from daedalus.core.world import OpenWorld

from .evaluation import evaluation_seeds, rollout_value
from .interaction import Interaction, offsets, table_shape
from .records import curve_record
from .table_agent import TableAgent
from .table_config import TableConfig, learner
from .table_population import empty_log, fresh_population, logged, summarise
from .trial_tabular import LOGGED_STEPS, episode_rows


class OpenTables:
    """N table learners, each in an environment of its own."""

    def __init__(self, world: OpenWorld, rule: int, config: TableConfig, seeds: Sequence[int]) -> None:
        self.world, self.seeds = world, seeds
        envs = [world.make() for _ in seeds]
        shape = (len(seeds), *table_shape(envs[0], world.name))
        self.now = fresh_population(shape, config.initial, 0)
        self._offsets = offsets(envs[0])
        self._agents = [TableAgent(learner(rule, config), self.now, i, seed) for i, seed in enumerate(seeds)]
        self._lives = [
            Interaction(env, agent, seed) for env, agent, seed in zip(envs, self._agents, seeds, strict=True)
        ]

    def run(self, until: int) -> None:
        """Live on to step `until`, seed after seed."""
        for life in self._lives:
            life.run(until)

    def run_logged(self, until: int) -> Iterator[Record]:
        """`run`, yielding the episodes that finished."""
        step = int(self.now.t[0])
        while step < until:
            first_N, log = self.now.episodes.copy(), empty_log(len(self.seeds), LOGGED_STEPS)
            step = min(until, step + LOGGED_STEPS)
            for agent in self._agents:
                agent.log = log
            self.run(step)
            yield from episode_rows(logged(log, first_N), self.seeds)

    def value(self, i: int, horizon: int | None) -> float:
        """The return of the greedy policy of learner i, over the evaluation seeds."""
        policy_S = self.now.q[i].argmax(axis=1)
        observed, acted = self._offsets

        def act(observations: list[Any]) -> list[Any]:
            return [int(policy_S[int(obs) - observed]) + acted for obs in observations]

        return rollout_value(self.world.make, act, evaluation_seeds(), horizon)

    def close(self) -> None:
        """Close the environments."""
        for life in self._lives:
            life.env.close()


def open_trial(
    experiment: Experiment, world: OpenWorld, rule: int, config: TableConfig, seeds: Sequence[int]
) -> Iterator[Record | Final]:
    """Yield what the trial "tabular" yields in an open world: records and the learners, no snapshot."""
    began = time.perf_counter()
    tables = OpenTables(world, rule, config, seeds)
    try:
        for step in evaluation_steps(experiment.steps):
            if experiment.episodes:
                yield from tables.run_logged(step)
            tables.run(step)
            value_N = np.array([tables.value(i, experiment.horizon) for i in range(len(seeds))])
            seconds, happened = time.perf_counter() - began, summarise(tables.now).columns()
            yield curve_record(seeds, step, value=value_N, seconds=seconds, **happened)
    finally:
        tables.close()
    yield Final({"q": tables.now.q, "policy": tables.now.q.argmax(axis=2), "visits": tables.now.visits.sum(axis=2)})
