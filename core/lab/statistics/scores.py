"""What a run's store says about one agent in one world, as arrays ready for statistics."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.lab.words import Words, bounds_of, measure_of, words_of

if TYPE_CHECKING:
    import pyarrow

    from daedalus.core.lab.store.run import Member

#: Agents that stand for a bound, not for a way to learn.
REFERENCES = ("optimal", "random")


@dataclass(frozen=True, eq=False)
class Scores:
    """The final scores of one agent in one world; arrays (N,) are sorted by seed."""

    group: int  # index of the plan's group
    world: str
    agent: str  # its name, without parameters
    label: str
    reference: bool  # one of `REFERENCES`
    steps: int
    bandit: bool
    seeds: Ints
    value: Floats
    optimum: Floats  # NaN where unknown
    random_value: Floats  # NaN where unknown
    regret: Floats  # NaN where unknown
    reward_last_tenth: float | None
    optimal_rate_last_tenth: float | None
    exact: bool = False  # every score is computed, none sampled
    dynamic_regret: Floats | None = None  # `Schedule`'s; None where the world does not change
    rollout: int = 0  # steps that the learner takes before its first update, where its settings say so
    measure: str | None = None  # what a data set judges models by; None in worlds
    bounds: tuple[float, float] = (-np.inf, np.inf)  # between which every score lies, by that measure

    @property
    def words(self) -> Words:
        """What things are called where these scores were earned."""
        return words_of(self.measure)

    @property
    def finite(self) -> bool:
        """Whether there are scores at all and every one is a number."""
        return bool(self.value.size and np.isfinite(self.value).all())


def read_scores(member: "Member", group: int) -> Scores:
    """Read the scores of one member of a run: the rows at the last step."""
    experiment = member.experiment
    curve = member.curve()
    step = _column(curve, "step")
    last = step == experiment.steps
    card = member.card
    bandit = card.get("kind") == "bandit"
    rollout = member.settings.get("n_steps", 0)
    return Scores(
        group=group,
        world=member.world,
        agent=experiment.agent.name,
        label=member.label,
        reference=experiment.agent.name in REFERENCES,
        steps=experiment.steps,
        bandit=bandit,
        seeds=_column(curve, "seed")[last].astype(np.int64),
        value=_column(curve, "value")[last],
        optimum=_column(curve, "optimum")[last],
        random_value=_column(curve, "random_value")[last],
        regret=_column(curve, "regret")[last],
        reward_last_tenth=_last_tenth(curve, "reward", experiment.steps) if bandit else None,
        optimal_rate_last_tenth=_last_tenth(curve, "optimal_rate", experiment.steps) if bandit else None,
        exact=bool(_column(curve, "exact")[last].all()),
        dynamic_regret=_over_run(curve, "regret") if card.get("kind") == "changing" else None,
        rollout=rollout if isinstance(rollout, int) else 0,
        measure=measure_of(card),
        bounds=bounds_of(card),
    )


def _column(curve: "pyarrow.Table", name: str) -> Floats:
    return np.asarray(curve[name].to_numpy(), dtype=np.float64)


def _over_run(curve: "pyarrow.Table", name: str) -> Floats:
    """The mean of a column over each seed's evaluation points, (N,); NaN where one is unknown."""
    starts = np.flatnonzero(np.diff(_column(curve, "seed"), prepend=-1.0))  # rows are sorted by seed
    value = _column(curve, name)
    means: Floats = np.add.reduceat(value, starts) / np.diff(np.append(starts, value.size))
    return means


def _last_tenth(curve: "pyarrow.Table", name: str, steps: int) -> float | None:
    """The mean over the steps after floor(0.9 T) of a column that holds means since the row before."""
    seed, step, value = (_column(curve, column) for column in ("seed", "step", name))
    before = np.where(np.roll(seed, 1) == seed, np.roll(step, 1), 0.0)
    if step.size:
        before[0] = 0.0
    rows: Bools = (step > steps * 9 // 10) & np.isfinite(value)
    if not rows.any():
        return None
    return float(np.average(value[rows], weights=(step - before)[rows]))
