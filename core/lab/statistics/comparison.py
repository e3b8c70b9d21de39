"""From a run's store to its comparison: one result per agent and world, pairs, aggregates, words.

The score of a seed is its evaluation value at the last step (for bandits the run's mean reward per pull). Nothing
here runs an agent: everything is read from the store, and every resample is drawn from a stream named by what it
is for, so a run that was killed and continued has exactly the numbers of one that was not.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.rng import generator

from . import measures
from .aggregates import Aggregate, aggregate
from .intervals import interval
from .measures import Estimate
from .pairs import Pair, compare_pairs
from .scores import Scores, read_scores
from .verdict import Verdict, pronounce

if TYPE_CHECKING:
    from daedalus.core.lab.store.run import Run


@dataclass(frozen=True)
class Result:
    """One agent in one world: statistics of the score across seeds; None where a number does not exist.

    Or one model on one data set: the score is that of the test part by the data set's `measure`.
    """

    world: str
    agent: str
    label: str
    seeds: int
    steps: int
    mean: float | None
    iqm: float | None
    iqm_low: float | None
    iqm_high: float | None
    optimum: float | None
    regret: float | None
    reward_last_tenth: float | None
    optimal_rate_last_tenth: float | None
    dynamic_regret: float | None = None  # `daedalus.core.world.Schedule` says what it is; None where nothing changes
    measure: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Everything that a run allows to be said: `results` in plan order, then what follows from them."""

    run: Path
    report: Path | None
    results: list[Result]
    pairs: list[Pair]
    aggregates: list[Aggregate]
    verdicts: list[Verdict]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: lists, strings and finite numbers; NaN and infinity become None."""
        return {field.name: plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def plain(value: Any) -> Any:
    """`value` as JSON can say it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case np.integer():
            return int(value)
        case Path():
            return str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case np.ndarray():
            return plain(value.tolist())
        case tuple() if hasattr(value, "_asdict"):
            return plain(value._asdict())
        case list() | tuple():
            return [plain(item) for item in value]
    return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def summarise(run: "Run") -> Comparison:
    """Compare what is in a run's store.

    Unfinished seeds are left out, agents and worlds without a finished one too; a run without any raises
    `UserError`.
    """
    groups = _read(run)
    pairs: list[Pair] = []
    verdicts: list[Verdict] = []
    for finished in groups:
        for _, same in itertools.groupby(finished, key=lambda scores: scores.world):
            world = list(same)
            found = compare_pairs(world)
            pairs += found
            verdicts.append(pronounce(world, found))
    return Comparison(
        run=run.path,
        report=None,
        results=[_result(scores) for group in groups for scores in group],
        pairs=pairs,
        aggregates=[one for group in groups for one in aggregate(group)],
        verdicts=verdicts,
    )


def _read(run: "Run") -> list[list[Scores]]:
    """The finished scores of each group of the plan."""
    members = iter(run.members())
    groups = []
    for index, group in enumerate(run.plan.groups):
        own = itertools.islice(members, len(group.worlds) * len(group.agents))
        groups.append([read_scores(member, index) for member in own if member.blocks()])
    if not any(groups):
        raise UserError(f"{run.path} has no finished seeds yet; run the same command again")
    return groups


def _result(scores: Scores) -> Result:
    estimate = Estimate(math.nan, math.nan, math.nan)
    if scores.finite:
        rng = generator(0, f"bootstrap/{scores.world}/{scores.label}")
        estimate = _within_optimum(interval([scores.value], measures.iqm, rng), scores)
    return Result(
        world=scores.world,
        agent=scores.agent,
        label=scores.label,
        seeds=int(scores.seeds.size),
        steps=scores.steps,
        mean=_finite(scores.value, np.mean),
        iqm=plain(estimate.value),
        iqm_low=plain(estimate.low),
        iqm_high=plain(estimate.high),
        optimum=_finite(scores.optimum, np.mean),
        regret=_finite(scores.regret, np.mean),
        reward_last_tenth=scores.reward_last_tenth,
        optimal_rate_last_tenth=scores.optimal_rate_last_tenth,
        dynamic_regret=None if scores.dynamic_regret is None else _finite(scores.dynamic_regret, np.mean),
        measure=scores.measure,
    )


def _within_optimum(estimate: Estimate, scores: Scores) -> Estimate:
    """No policy is better than the optimum; only a sampled score can be, by luck, and one in another seed's layout."""
    ceiling = float(np.mean(scores.optimum))
    certain = scores.exact and math.isfinite(ceiling) and not np.ptp(scores.optimum)
    least, most = scores.bounds
    return estimate.below(ceiling if certain else most).above(least)


def _finite(numbers: Floats, statistic: Callable[[Floats], Any]) -> float | None:
    return float(statistic(numbers)) if np.isfinite(numbers).all() else None
