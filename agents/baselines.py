"""The floor and the ceiling of every plot: uniformly random actions, and the exact solution."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daedalus.core.catalogue import find
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.world import Bandit, OpenWorld

from .bandits.config import EpsilonGreedyConfig, GreedyConfig
from .bandits.population import BanditRuns
from .bandits.trial import pulled
from .baseline_finite import finite_baseline
from .baseline_open import open_baseline
from .homes import each_own, homes


@dataclass(frozen=True)
class RandomConfig:
    """`random` has no parameters."""


@dataclass(frozen=True)
class OptimalConfig:
    """`optimal` has no parameters."""


class Random:
    """Uniformly random actions: what knowing nothing is worth.

    In a finite world and a contextual bandit its value is computed; elsewhere it is sampled on the shared evaluation
    seeds.
    """

    config_class = RandomConfig


class Optimal:
    """The exact solution as a strategy: what knowing everything is worth.

    A bandit's best arm, in a contextual bandit that of each context. In a finite world the value is the best expected
    return under the time limit, so its regret is 0, also where the world changes in mid-run; the actions shown and
    lived are the best ones without a limit (a limit makes the best action depend on the time left, which matters only
    in worlds where the end is a matter of chance). Where the total without a limit has no bound, they are the best ones
    of the first step under the limit of evaluation.
    """

    config_class = OptimalConfig


def baseline(
    experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None
) -> Iterator[Record | Snapshot | Final]:
    """Run `random` or `optimal`: the trial of both. In open worlds there is no snapshot; it starts again."""
    problem = find("service", "load_problem").load()(experiment.world, seeds[0])
    optimal = experiment.agent.name == "optimal"
    match problem:
        case Bandit():
            bandits = each_own(experiment, problem, seeds)
            config = GreedyConfig() if optimal else EpsilonGreedyConfig(epsilon=1.0)
            yield from pulled(experiment, BanditRuns(bandits, config, seeds, informed=optimal), seeds, resume)
        case OpenWorld():
            yield from open_baseline(experiment, each_own(experiment, problem, seeds), seeds, optimal)
        case _:
            yield from finite_baseline(experiment, homes(experiment, problem, seeds), optimal, resume)
