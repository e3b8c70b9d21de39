"""Two agents in one world, seed by seed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.rng import generator

from .measures import Estimate, holm, improvement, paired_p
from .scores import Scores


@dataclass(frozen=True)
class Pair:
    """`first` against `second` on the seeds that both have; `difference` is the mean of first - second."""

    world: str
    first: str  # label
    second: str  # label
    seeds: int
    difference: float
    deviation: float  # standard deviation of the seeds' differences; NaN with one seed
    equal: bool  # the same score on every seed
    improvement: Estimate  # chance that a run of `first` scores above one of `second`
    p: float  # paired permutation test, two-sided
    p_adjusted: float  # Holm's, over all pairs of this world


def competitors(world: Sequence[Scores]) -> list[Scores]:
    """The agents of a world that are tested against each other.

    `optimal` and `random` are bounds, and every pair tested costs the others power; `random` competes only where
    one agent would stand alone without it.
    """
    usable = [scores for scores in world if scores.finite]
    learners = [scores for scores in usable if not scores.reference]
    if len(learners) >= 2:
        return learners
    return [scores for scores in usable if not scores.reference or scores.agent != "optimal"]


def compare_pairs(world: Sequence[Scores]) -> list[Pair]:
    """Test every pair of competitors in one world; their p-values are one family for Holm's correction."""
    duels = []
    for first, second in itertools.combinations(competitors(world), 2):
        seeds, of_first, of_second = np.intersect1d(first.seeds, second.seeds, return_indices=True)
        if seeds.size:
            duels.append((first, second, seeds, first.value[of_first], second.value[of_second]))
    if not duels:
        return []
    p = _p_values([one - other for _, _, _, one, other in duels], duels[0][0].world)
    adjusted = holm(p)
    pairs = []
    for index, (first, second, seeds, one, other) in enumerate(duels):
        difference = one - other
        pairs.append(
            Pair(
                world=first.world,
                first=first.label,
                second=second.label,
                seeds=int(seeds.size),
                difference=float(difference.mean()),
                deviation=float(difference.std(ddof=1)) if seeds.size > 1 else float("nan"),
                equal=bool(np.all(one == other)),
                improvement=improvement(one, other),
                p=float(p[index]),
                p_adjusted=float(adjusted[index]),
            )
        )
    return pairs


def _p_values(differences: list[Floats], world: str) -> Floats:
    """The p-value of each pair; pairs with equally many seeds share their sign flips."""
    p = np.ones(len(differences))
    for count in sorted({difference.size for difference in differences}):
        same = [index for index, difference in enumerate(differences) if difference.size == count]
        columns = np.stack([differences[index] for index in same], axis=1)
        p[same] = paired_p(columns, generator(0, f"flips/{world}/{count}"))
    return p
