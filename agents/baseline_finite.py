"""The two baselines in a finite world: lives of a policy that learns nothing, with the value that is exactly known."""

from collections.abc import Iterator, Sequence

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.planning import evaluation_horizon, first_actions, solve
from daedalus.core.world import World

from .evaluation import evaluation_seeds, known_values
from .rollouts import ANY, sampled_value
from .table_config import TableConfig
from .table_population import TablePopulation
from .table_rules import Q_LEARNING
from .trial_tabular import lived


def finite_baseline(
    experiment: Experiment, world: World, optimal: bool, seeds: Sequence[int], resume: Snapshot | None
) -> Iterator[Record | Snapshot | Final]:
    """The trial of a baseline in a finite world. The value is constant; episodes and visits are lived."""
    best, of_random = known_values(world, experiment.horizon)
    policy_S = best_policy(world, experiment.horizon) if optimal else None
    shown_S = np.full(world.mdp.states, ANY) if policy_S is None else policy_S
    value = best if optimal else of_random
    exact = not np.isnan(value)
    if not exact:  # a world so large that its truth would cost minutes
        value = sampled_value(world.mdp, shown_S, evaluation_horizon(world, experiment.horizon), evaluation_seeds())
    population = set_in_its_ways(world, policy_S, seeds)
    value_N, exact_N = np.full(len(seeds), value), np.full(len(seeds), exact)
    yield from lived(experiment, world, population, seeds, resume, lambda: (value_N, exact_N))
    met = slice(world.states)  # not the absorbing state that an import added
    yield Final(
        {
            "policy": np.tile(shown_S[met], (len(seeds), 1)),
            "visits": population.now.visits[:, met].sum(axis=2),
        }
    )


def best_policy(world: World, horizon: int | None) -> Ints:
    """The best actions (S,) without a limit; where that total has no bound, the best first step within the limit."""
    solution = solve(world.mdp)
    if solution.bounded[world.mdp.start > 0].all():
        return np.asarray(solution.policy, dtype=np.int64)
    return first_actions(world.mdp, evaluation_horizon(world, horizon))


def set_in_its_ways(world: World, policy: Ints | None, seeds: Sequence[int]) -> TablePopulation:
    """Table learners of step size 0: of one policy (S,), or of none, which act uniformly at random."""
    population = TablePopulation(world, Q_LEARNING, TableConfig(epsilon=1.0 if policy is None else 0.0), seeds)
    population.learner = population.learner._replace(alpha=0.0)
    if policy is not None:
        population.now.q[:, np.arange(policy.size), policy] = 1.0
    return population
