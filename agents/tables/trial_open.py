"""Table learners in any Gymnasium environment with Discrete spaces, step by step.

An open world is measured by rollouts, a contextual bandit by what its arms earn. There is no snapshot, so an
interrupted block starts again.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from daedalus.agents.evaluation import open_columns
from daedalus.agents.interaction import Interaction, offsets, table_shape
from daedalus.agents.records import curve_record
from daedalus.core.lab.experiment import Experiment, Final, Record, evaluation_steps
from daedalus.core.world import OpenWorld

from .agent import TableAgent
from .loop import Population
from .method import Method, Shape
from .population import empty_log, fresh_memory, logged, summarise
from .trial import LOGGED_STEPS, episode_rows


class OpenTables:
    """N table learners, each in an environment of its own world; all need the same spaces."""

    def __init__(self, worlds: Sequence[OpenWorld], method: Method, config: Any, seeds: Sequence[int]) -> None:
        self.worlds, self.seeds = worlds, seeds
        envs = [world.make() for world in worlds]
        shape = Shape(len(seeds), *table_shape(envs[0], worlds[0].name))
        memory = fresh_memory(method, shape, config, shape.states)
        self.now: Population = memory.now
        self._offsets = offsets(envs[0])
        self._agents = [TableAgent(method, config, memory, i, seed) for i, seed in enumerate(seeds)]
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

    def judged(self, horizon: int | None) -> dict[str, Any]:
        """What the greedy policies are worth, as columns of a curve."""
        policy_NS = self.now.q.argmax(axis=2)
        observed, acted = self._offsets

        def act(i: int, observations: Sequence[Any]) -> list[int]:
            shown = np.asarray(observations, dtype=np.int64) - observed
            return [int(action) + acted for action in policy_NS[i, shown]]

        return open_columns(self.worlds, act, horizon)

    def close(self) -> None:
        """Close the environments."""
        for life in self._lives:
            life.env.close()


def open_trial(
    experiment: Experiment, worlds: Sequence[OpenWorld], method: Method, config: Any, seeds: Sequence[int]
) -> Iterator[Record | Final]:
    """Yield what the trial "tabular" yields, in an open world for each seed: records and the learners, no snapshot."""
    with closing(OpenTables(worlds, method, config, seeds)) as tables:
        yield from _lived(experiment, tables)
        now = tables.now
    yield Final({"q": now.q, "policy": now.q.argmax(axis=2), "visits": now.visits.sum(axis=2)})


def _lived(experiment: Experiment, tables: OpenTables) -> Iterator[Record]:
    """Live to the end with a row at every evaluation point."""
    seconds = evaluating = 0.0
    for step in evaluation_steps(experiment.steps):
        began = time.perf_counter()
        if experiment.episodes:
            yield from tables.run_logged(step)
        tables.run(step)
        lived = time.perf_counter()
        columns = tables.judged(experiment.horizon) | summarise(tables.now).columns()
        seconds, evaluating = seconds + lived - began, evaluating + time.perf_counter() - lived
        yield curve_record(tables.seeds, step, seconds=seconds, seconds_evaluating=evaluating, **columns)
