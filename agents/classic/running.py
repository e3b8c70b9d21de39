"""Learners named by their specs, run many at once in this process: what experiments measure."""

from typing import Any, NamedTuple, cast

import numpy as np

from daedalus.agents.bandits.population import BanditRuns
from daedalus.agents.tables.population import TablePopulation
from daedalus.core.arrays import Floats, Ints
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, fill, parse_spec
from daedalus.core.world import Bandit, Schedule, World
from daedalus.envs import load_problem

_BLOCK = 500  # runs at a time: what is logged of them must fit in memory


class Episodes(NamedTuple):
    """The first E episodes of N runs."""

    returns: Floats  # (N, E), undiscounted
    lengths: Ints  # (N, E)

    @property
    def ends(self) -> Ints:
        """How many steps a run had taken at each episode's end, (N, E)."""
        ends: Ints = self.lengths.cumsum(axis=1)
        return ends


class Pulls(NamedTuple):
    """What N runs in a bandit got, pull by pull or averaged over every so many."""

    reward: Floats  # (N, T)
    optimal: Floats  # (N, T), 1 where the arm was a best one, or the share of pulls that were


def episodes(
    world: str | World | Schedule,
    agent: str,
    runs: int,
    episodes: int,
    first_seed: int = 0,
    begin: Floats | None = None,
) -> Episodes:
    """Run a table learner, such as "sarsa:alpha=.5", for so many episodes in each of `runs` seeds.

    A world named by its id keeps its time limit; hand over `finite(id).within(None)` where the book has none. `begin`
    (S, A), where given, is everybody's table at first.
    """
    seeds = range(first_seed, first_seed + runs)
    blocks = [
        _episodes(finite(world), agent, seeds[at : at + _BLOCK], episodes, begin) for at in range(0, runs, _BLOCK)
    ]
    return Episodes(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _episodes(home: World | Schedule, agent: str, seeds: range, episodes: int, begin: Floats | None) -> Episodes:
    population = _population(home, agent, seeds)
    if begin is not None:
        population.now.q[...] = begin
    returns, lengths = np.empty((len(seeds), episodes)), np.empty((len(seeds), episodes), np.int64)
    while (done := int(population.now.episodes.min())) < episodes:
        pace = population.step / done if done else 0.0  # steps an episode so far
        ahead = max(1000, min(int(pace * (episodes - done)), 10_000_000 // len(seeds)))
        rows = population.run_logged(population.step + ahead)
        kept = rows["episode"] < episodes
        at = rows["seed"][kept], rows["episode"][kept]
        returns[at], lengths[at] = rows["return"][kept], rows["length"][kept]
    return Episodes(returns, lengths)


def rewards(
    world: str | World | Schedule, agent: str, runs: int, steps: int, every: int = 1, first_seed: int = 0
) -> Floats:
    """The reward per step of a table learner, averaged over every so many steps, (N, steps // every)."""
    population = _population(finite(world), agent, range(first_seed, first_seed + runs))
    mean_TN = []
    for step in range(every, steps + 1, every):
        population.run(step)
        mean_TN.append(population.summary().mean_reward)
    return np.stack(mean_TN, axis=1)


def tables(world: str | World | Schedule, agent: str, runs: int, steps: int, first_seed: int = 0) -> Floats:
    """The action values that table learners have after so many steps, (N, S, A)."""
    population = _population(finite(world), agent, range(first_seed, first_seed + runs))
    population.run(steps)
    return population.now.q


def pulls(bandit: str, agent: str, runs: int, steps: int, every: int = 1, first_seed: int = 0) -> Pulls:
    """Run a bandit strategy, such as "ucb:c=2", in the arms of each of `runs` seeds; T = steps // every."""
    seeds = range(first_seed, first_seed + runs)
    found = [load_problem(parse_spec(bandit), seed) for seed in seeds]
    if not all(isinstance(one, Bandit) for one in found):
        raise UserError(f"{bandit} is no bandit")
    name = parse_spec(agent)
    settings: Any = fill(find("agent", name.name).load().config_class, name.mapping, name.name)
    runner = BanditRuns(cast(list[Bandit], found), settings, seeds)
    got: list[tuple[Any, Any]] = []
    for step in range(every, steps + 1, every):
        runner.run(step)
        got.append(runner.summary())
    reward_TN, optimal_TN = zip(*got, strict=True)
    return Pulls(np.stack(reward_TN, axis=1), np.stack(optimal_TN, axis=1))


def finite(world: str | World | Schedule) -> World | Schedule:
    """The finite world of an id. Raises `UserError` where it is none."""
    if isinstance(world, World | Schedule):
        return world
    problem = load_problem(parse_spec(world))
    if not isinstance(problem, World | Schedule):
        raise UserError(f"{world} is no finite world")
    return problem


def _population(home: World | Schedule, agent: str, seeds: range) -> TablePopulation:
    spec: Spec = parse_spec(agent)
    learner = find("agent", spec.name).load()
    return TablePopulation(home, learner.method, fill(learner.config_class, spec.mapping, spec.name), seeds)
