"""The two baselines in finite worlds: lives of a policy that learns nothing, with the value that is exactly known."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.episodes import greedy_episodes
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.planning import evaluation_horizon, first_actions, solve
from daedalus.core.world import World

from .evaluation import evaluation_seeds
from .exploring.rates import CONSTANT, Rate
from .homes import Homes
from .rollouts import ANY, sampled_value
from .tables.config import TableConfig
from .tables.method import OneStep, one_step
from .tables.population import TablePopulation
from .tables.q_learning import METHOD
from .tables.trial import lived


def finite_baseline(
    experiment: Experiment, where: Homes, optimal: bool, resume: Snapshot | None
) -> Iterator[Record | Snapshot | Final]:
    """The trial of a baseline in finite worlds. The value is that of the world in force; episodes and visits are lived.

    What an agent is shown is no matter: both go by the state.
    """
    horizon, seeds = experiment.horizon, where.seeds

    @functools.cache
    def best(world: World) -> Ints:
        return best_policy(world, horizon)

    def shown(world: World) -> Ints:
        return best(world) if optimal else np.full(world.mdp.states, ANY)

    @functools.cache
    def sampled(world: World) -> float:  # of a world so large that its truth would cost minutes
        return sampled_value(world.mdp, shown(world), evaluation_horizon(world, horizon), evaluation_seeds())

    def value(step: int) -> tuple[Floats, Bools]:
        value_N = where.known(step, horizon)[0 if optimal else 1]
        exact_N = ~np.isnan(value_N)
        return value_N if exact_N.all() else np.where(exact_N, value_N, where.each(sampled, step)), exact_N

    population = set_in_its_ways(where, best if optimal else None, seeds)
    yield from lived(experiment, where, population, resume, value)
    worlds = where.after(experiment.steps)
    visits = population.now.visits[:, where.met].sum(axis=2)
    policy = np.array(np.broadcast_to([shown(world)[where.met] for world in worlds], visits.shape))
    yield Final({"policy": policy, "visits": visits, "episode": greedy_episodes(worlds, policy, seeds)})


def best_policy(world: World, horizon: int | None) -> Ints:
    """The best actions (S,) without a limit; where that total has no bound, the best first step within the limit."""
    solution = solve(world.mdp)
    if solution.bounded[world.mdp.start > 0].all():
        return np.asarray(solution.policy, dtype=np.int64)
    return first_actions(world.mdp, evaluation_horizon(world, horizon))


def set_in_its_ways(where: Homes, guide: Callable[[World], Ints] | None, seeds: Sequence[int]) -> TablePopulation:
    """Table learners of step size 0: of one policy (S,) for each world, or of none, which act uniformly at random."""
    config = TableConfig(epsilon=1.0 if guide is None else 0.0)
    return TablePopulation(where, _STILL, config, seeds, guide, all_seeing=True)


def _still(config: TableConfig) -> OneStep:
    return one_step(config)._replace(alpha=Rate(CONSTANT, 0.0))


_STILL = replace(METHOD, rule=_still)
