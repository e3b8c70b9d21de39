"""Table learners in any Gymnasium environment with Discrete spaces, step by step.

An open world is measured by rollouts, a contextual bandit by what its arms earn. A finite world that does not show its
state is lived in like an open one, but its truth is known, and a policy of what it shows is a policy of its states, so
the value is exact.
Neither is snapshot, so an interrupted block starts again.
"""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.episodes import greedy_episodes
from daedalus.core.lab.experiment import Experiment, Final, Record, evaluation_steps
from daedalus.core.world import OpenWorld
from daedalus.envs.making import environment

from .evaluation import open_columns
from .homes import Homes, plain
from .interaction import Interaction, offsets, table_shape
from .records import curve_record
from .table_agent import TableAgent
from .table_config import TableConfig, learner
from .table_population import empty_log, fresh_population, logged, summarise
from .trial_tabular import LOGGED_STEPS, episode_rows


class OpenTables:
    """N table learners, each in an environment of its own world; all need the same spaces."""

    def __init__(self, worlds: Sequence[OpenWorld], rule: int, config: TableConfig, seeds: Sequence[int]) -> None:
        self.worlds, self.seeds = worlds, seeds
        envs = [world.make() for world in worlds]
        shape = (len(seeds), *table_shape(envs[0], worlds[0].name))
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
    experiment: Experiment, worlds: Sequence[OpenWorld], rule: int, config: TableConfig, seeds: Sequence[int]
) -> Iterator[Record | Final]:
    """Yield what the trial "tabular" yields, in an open world for each seed: records and the learners, no snapshot."""
    with closing(OpenTables(worlds, rule, config, seeds)) as tables:
        yield from _lived(experiment, tables, lambda _: tables.judged(experiment.horizon))
        now = tables.now
    yield Final({"q": now.q, "policy": now.q.argmax(axis=2), "visits": now.visits.sum(axis=2)})


def shown_trial(experiment: Experiment, where: Homes, rule: int, config: TableConfig) -> Iterator[Record | Final]:
    """The same in finite worlds whose states look alike: the table is one of what is shown.

    What is kept is laid out by state; where several look alike nobody counted the visits of each.
    """
    horizon, seeds = experiment.horizon, where.seeds
    open_worlds = [OpenWorld(home.name, functools.partial(environment, plain(home))) for home in where.of]
    each = open_worlds * (len(seeds) // len(open_worlds))

    def judged(step: int) -> dict[str, Any]:
        optimum_N, random_N = where.known(step, horizon)
        value_N, exact_N = where.values(_by_state(tables.now.q, where, step).argmax(axis=2), step, horizon)
        known = {"optimum": optimum_N, "random_value": random_N, "regret": optimum_N - value_N}
        return {"value": value_N, "exact": exact_N, **known}

    with closing(OpenTables(each, rule, config, seeds)) as tables:
        yield from _lived(experiment, tables, judged)
        q = _by_state(tables.now.q, where, experiment.steps)[:, where.met]
    policy = q.argmax(axis=2)
    episode = greedy_episodes(where.after(experiment.steps), policy, seeds)
    yield Final({"q": q, "policy": policy, "episode": episode})


def _by_state(q_NOA: Floats, where: Homes, step: int) -> Floats:
    """The values of what is shown in each state, (N, S, A)."""
    found = []
    for world, slot in zip(where.after(step), where.slots, strict=True):
        shows_S = np.arange(world.mdp.states) if world.shows is None else world.shows
        found.append(q_NOA[slot][:, shows_S])
    return np.concatenate(found)


def _lived(experiment: Experiment, tables: OpenTables, judged: Callable[[int], dict[str, Any]]) -> Iterator[Record]:
    """Live to the end with a row at every evaluation point; `judged` gives the columns of that point."""
    began = time.perf_counter()
    for step in evaluation_steps(experiment.steps):
        if experiment.episodes:
            yield from tables.run_logged(step)
        tables.run(step)
        columns = judged(step) | summarise(tables.now).columns()
        yield curve_record(tables.seeds, step, seconds=time.perf_counter() - began, **columns)
