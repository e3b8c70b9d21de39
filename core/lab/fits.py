"""The trial of models, and what a stored run of theirs allows: its weights again, and their scores."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daedalus.core.data import Data, load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, FitConfig, Measured, Model, Numbers, fitting, load, score, weights_of
from daedalus.core.lab.store.run import Member, Run
from daedalus.core.spec import Spec, fill

from .experiment import (
    CURVE,
    Experiment,
    Final,
    Record,
    Snapshot,
    entry_of,
    evaluation_steps,
    scalars_record,
)
from .starting import STORED, stored_weights

#: Seconds of work after which a snapshot is offered between two evaluations.
_REST_SECONDS = 5.0


def fit(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """Fit a model with one seed to a data set: the trial "fit"."""
    (seed,) = seeds
    with threads(1):
        yield from _Trial(experiment, seed, resume).items()


class _Trial:
    def __init__(self, experiment: Experiment, seed: int, resume: Snapshot | None) -> None:
        self.experiment, self.seed = experiment, seed
        self.data = load_data(experiment.world)
        model = entry_of(experiment.world, experiment.agent).load()
        config: FitConfig = fill(model.config_class, experiment.agent.mapping, experiment.agent.name)
        begin = stored_weights(config.start, experiment.agent, seed) if config.start and resume is None else None
        self.life = Fit(self.data, model, config, seed, experiment.steps, begin)
        self.lived, self.began = 0.0, time.perf_counter()
        self.measured = -1  # the last step that was judged
        if resume is not None:
            arrays = dict(resume.arrays)
            self.lived, self.measured = float(arrays.pop("seconds")), int(arrays.pop("measured"))
            self.life.take_up(arrays)

    @property
    def seconds(self) -> float:
        return self.lived + time.perf_counter() - self.began

    def items(self) -> Iterator[Record | Snapshot | Final]:
        for point in evaluation_steps(self.experiment.steps):
            if point <= self.measured:
                continue
            while self.life.step < point:
                yield from self._train(point)
            measured = self.life.measure()
            self.measured = point
            yield self._curve(measured)
            yield scalars_record(self.seed, point, _tagged(measured))
            yield self._snapshot()
        yield Final({STORED + name: array[None] for name, array in self.life.weights().items()})

    def _train(self, until: int) -> Iterator[Snapshot]:
        """Train up to a step; when that takes long, rest on the way."""
        due = time.monotonic() + _REST_SECONDS
        while True:
            self.life.run(min(self.life.step + _STRIDE, until))
            if self.life.step >= until or time.monotonic() >= due:
                break
        if self.life.step < until:
            yield self._snapshot()

    def _snapshot(self) -> Snapshot:
        own = {"seconds": np.array(self.seconds), "measured": np.array(self.measured)}
        return Snapshot(self.life.step, {**self.life.arrays(), **own})

    def _curve(self, measured: Measured) -> Record:
        data: Data = self.data
        told: dict[str, Any] = {
            "value": measured.score,
            "optimum": np.nan if data.ceiling is None else data.ceiling,
            "random_value": np.nan if data.chance is None else data.chance,
            "regret": np.nan if data.ceiling is None else data.ceiling - measured.score,
            "loss": measured.loss,
            "seconds": self.seconds,
        }
        rows: dict[str, Any] = {"seed": np.array([self.seed]), "step": np.array([self.measured])}
        absent: dict[Any, Any] = {np.float64: np.nan, np.int64: 0, np.bool_: False}
        return Record(
            "curve",
            rows | {name: np.array([told.get(name, absent[dtype])], dtype=dtype) for name, dtype in CURVE.items()},
        )


def check_start(data: Data, model: Model, config: FitConfig, spec: Spec) -> None:
    """Raise `UserError` where the weights that a model is to start from are missing or of another network."""
    if config.start:
        module = model.build(data, config, torch_generator(0, "init")).objective.module
        fitting(weights_of(module), stored_weights(config.start, spec, 0))


@dataclass(frozen=True)
class Judged:
    """A stored model judged again: the mean over seeds of every score on both parts, and what the run says."""

    data: str
    model: str
    label: str
    seeds: int
    measure: str
    validation: Mapping[str, float]
    test: Mapping[str, float]
    stored: float  # the score on the test part, by the measure, as it stands in the run
    by_seed: Sequence[float]  # the same judged again, seed by seed


def judge(run: Run) -> list[Judged]:
    """Build the models of a finished run again from their stored settings and weights, and judge them.

    Raises `UserError` where it is a run of agents, is not finished, keeps no weights, or where a data set has changed.
    """
    members = run.members()
    found = [member for member in members if "measure" in member.card]
    if not found:
        raise UserError(
            f"{run.path} is a run of agents in worlds; `evaluate` judges models: `daedalus report` tells more"
        )
    if missing := sum(member.missing() for member in found):
        raise UserError(f"{run.path} is not finished: {missing} seeds are missing; run its command again to go on")
    with threads(1):
        return [_judged(member) for member in found]


def _judged(member: Member) -> Judged:
    experiment, card = member.experiment, member.card
    data = load_data(experiment.world)
    if data.fingerprint() != card.get("fingerprint"):
        raise UserError(f"the data set {experiment.world} has changed since {member.folder} was run; run it again")
    model: Model = entry_of(experiment.world, experiment.agent).load()
    config: FitConfig = fill(model.config_class, member.settings, experiment.agent.name)
    numbers = config.numerics
    weights = {n.removeprefix(STORED): array for n, array in member.final().items() if n.startswith(STORED)}
    if not weights:
        raise UserError(f"{member.folder} keeps no weights; run it again")
    scored: list[dict[str, Numbers]] = []
    seeds = [seed for block in member.blocks() for seed in block.seeds]
    for place, seed in enumerate(seeds):
        fitted = model.build(data, config, torch_generator(seed, "init"))
        load(fitted.objective.module, {name: array[place] for name, array in weights.items()})
        fitted.objective.module.to(numbers.device)
        noise = {part: torch_generator(seed, "evaluation", numbers.device) for part in ("validation", "test")}
        scored.append({part: score(fitted, data.parts[part], numbers, noise[part]) for part in noise})
    curve = member.curve()
    last = np.asarray(curve["step"]) == experiment.steps
    name = data.measure.name
    return Judged(
        str(experiment.world),
        experiment.agent.name,
        member.label,
        len(seeds),
        name,
        _mean([one["validation"] for one in scored]),
        _mean([one["test"] for one in scored]),
        float(np.asarray(curve["value"])[last].mean()),
        [one["test"][name] for one in scored],
    )


def _mean(scores: Sequence[Numbers]) -> Numbers:
    return {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}


_STRIDE = 16  # steps between two looks at the clock


def _tagged(measured: Measured) -> dict[str, float]:
    layers = {f"{kind}/{layer}": number for kind, found in measured.layers.items() for layer, number in found.items()}
    return {**measured.numbers, **layers}
