"""One agent across the worlds of a group, on scores that worlds share: 0 is random, 1 the optimum."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.rng import generator

from . import measures
from .intervals import interval
from .measures import Estimate, Profile
from .scores import Scores

#: Steps of a profile's threshold axis.
THRESHOLDS = 101


@dataclass(frozen=True)
class Aggregate:
    """One agent across the worlds of plan group `group` whose truth is known; intervals are stratified by world."""

    group: int
    worlds: tuple[str, ...]
    agent: str
    label: str
    seeds: int  # in all worlds together
    iqm: Estimate
    median: Estimate
    mean: Estimate
    optimality_gap: Estimate
    profile: Profile


def normalised(scores: Scores) -> Floats | None:
    """Scores on a scale where random actions earn 0 and the optimum 1: 1 - (optimum - value) / (optimum - random).

    The denominator is its mean over seeds: where each seed has its own arms, a seed whose arms hardly differ would
    otherwise outweigh all others. None where the truth is unknown or random actions are already optimal.
    """
    room = float(np.mean(scores.optimum - scores.random_value))
    if not (scores.finite and np.isfinite(room) and room > 1e-12 * (1.0 + abs(float(np.mean(scores.optimum))))):
        return None
    return np.asarray(1.0 - (scores.optimum - scores.value) / room)


def aggregate(group: Sequence[Scores]) -> list[Aggregate]:
    """Aggregate each agent of a plan group over those of its worlds where all agents have normalised scores."""
    table = {(scores.world, scores.label): normalised(scores) for scores in group}
    agents = {scores.label: scores for scores in group}
    worlds = [
        world
        for world, _ in itertools.groupby(scores.world for scores in group)
        if all(table.get((world, label)) is not None for label in agents)
    ]
    if not worlds:
        return []
    pooled = {label: [found for world in worlds if (found := table[world, label]) is not None] for label in agents}
    thresholds = _thresholds(np.concatenate([scores for strata in pooled.values() for scores in strata]))
    sampled = {scores.label for scores in group if scores.world in worlds and not scores.exact}
    return [
        _aggregate(agents[label], tuple(worlds), pooled[label], thresholds, math.inf if label in sampled else 1.0)
        for label in agents
    ]


def _thresholds(scores: Floats) -> Floats:
    """From random (0) to the optimum (1), and further down where the middle of the scores lies lower."""
    return np.linspace(min(0.0, max(-1.0, float(np.quantile(scores, 0.05)))), 1.0, THRESHOLDS)


def _aggregate(
    agent: Scores, worlds: tuple[str, ...], strata: list[Floats], thresholds: Floats, ceiling: float
) -> Aggregate:
    """`ceiling` is what no score can pass: the optimum, 1, where no score is sampled."""

    def estimate(name: str) -> Estimate:
        rng = generator(0, f"aggregate/{name}/{'|'.join(worlds)}/{agent.label}")
        return interval(strata, getattr(measures, name), rng)

    return Aggregate(
        group=agent.group,
        worlds=worlds,
        agent=agent.agent,
        label=agent.label,
        seeds=sum(stratum.size for stratum in strata),
        iqm=estimate("iqm").below(ceiling),
        median=estimate("median").below(ceiling),
        mean=estimate("mean").below(ceiling),
        optimality_gap=estimate("optimality_gap").above(0.0),
        profile=measures.profile(np.concatenate(strata), thresholds),
    )
