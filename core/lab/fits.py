"""The trial of models, and what a stored run of theirs allows: its weights again, and their scores."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from daedalus.core.data import Data, Examples, load_data
from daedalus.core.device import Numerics, threads, torch_generator
from daedalus.core.errors import UserError, unknown
from daedalus.core.fitting import Fit, FitConfig, Fitted, Measured, Model, Numbers, fitting, load, score, weights_of
from daedalus.core.generating import Examined
from daedalus.core.lab.store.run import Member, Run
from daedalus.core.spec import Spec, fill

from .exhibits import exhibit_steps, exhibits_record
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
        self.counted: Measured | None = None
        self.measured = -1  # the last step that was judged
        self.points = evaluation_steps(experiment.steps)
        self.shown = exhibit_steps(self.points)
        if resume is not None:
            arrays = dict(resume.arrays)
            self.lived, self.measured = float(arrays.pop("seconds")), int(arrays.pop("measured"))
            self.life.take_up(arrays)

    @property
    def seconds(self) -> float:
        return self.lived + time.perf_counter() - self.began

    def items(self) -> Iterator[Record | Snapshot | Final]:
        for point in self.points:
            if point <= self.measured:
                continue
            while self.life.step < point:
                yield from self._train(point)
            measured = self._judged(point)
            self.measured = point
            yield self._curve(measured)
            yield scalars_record(self.seed, point, _tagged(measured))
            if self.seed == 0 and point in self.shown and (exhibits := self.life.exhibits()):
                yield exhibits_record(self.seed, point, exhibits)
            yield self._snapshot()
        yield Final({STORED + name: array[None] for name, array in self.life.weights().items()})

    def _judged(self, point: int) -> Measured:
        """What it is worth now. What is fitted by counting is so from the first step on, and never learns more."""
        if self.counted is None or point == self.points[-1]:
            self.counted = self.life.measure()
        found = self.counted
        if self.life.learns:
            self.counted = None
        return found

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
        lacks = "1 seed is" if missing == 1 else f"{missing} seeds are"
        raise UserError(f"{run.path} is not finished: {lacks} missing; run its command again to go on")
    with threads(1):
        return [_judged(member) for member in found]


@dataclass(frozen=True)
class Stored:
    """The model of one seed of a finished run, built again from its settings and weights, ready to be asked."""

    data: Data
    fitted: Fitted
    numerics: Numerics
    member: Member


def stored(run: Run, model: str = "", seed: int = 0) -> Stored:
    """A model of a run by its label or its name; it need not be named where there is one.

    Raises `UserError` where there is none such, where it is not finished or where its data set has changed.
    """
    members = [member for member in run.members() if "measure" in member.card]
    if not members:
        raise UserError(f"{run.path} is a run of agents in worlds and holds no models; `daedalus fit` makes one")
    named = [member for member in members if model in ("", member.label, member.experiment.agent.name)]
    if not named:
        raise unknown("model of this run", model, {member.experiment.agent.name for member in members})
    if len(named) > 1:
        raise UserError(f"{run.path} holds several models ({', '.join(one.label for one in named)}); name one of them")
    if named[0].missing():
        raise UserError(f"{run.path} is not finished; run its command again to go on")
    seeds = [one for block in named[0].blocks() for one in block.seeds]
    if seed not in seeds:
        raise UserError(f"{run.path} has seeds 0 to {len(seeds) - 1}, not {seed}")
    return next(_built(named[0], [seed]))


def _built(member: Member, wanted: Sequence[int] | None = None) -> Iterator[Stored]:
    """The models of a member's finished seeds, or of those that are wanted, in evaluation mode."""
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
    for place, seed in enumerate(seed for block in member.blocks() for seed in block.seeds):
        if wanted is not None and seed not in wanted:
            continue
        fitted = model.build(data, config, torch_generator(seed, "init"))
        load(fitted.objective.module, {name: array[place] for name, array in weights.items()})
        fitted.objective.module.to(numbers.device).eval()
        yield Stored(data, fitted, numbers, member)


def _judged(member: Member) -> Judged:
    scored: list[dict[str, Numbers]] = []
    for seed, one in zip((seed for block in member.blocks() for seed in block.seeds), _built(member), strict=True):
        data, where = one.data, one.numerics.device
        scored.append(
            {part: _told(one, data.parts[part], torch_generator(seed, "evaluation", where)) for part in _HELD}
        )
    experiment, curve = member.experiment, member.curve()
    last = np.asarray(curve["step"]) == experiment.steps
    name = data.measure.name
    return Judged(
        str(experiment.world),
        experiment.agent.name,
        member.label,
        len(scored),
        name,
        _mean([one["validation"] for one in scored]),
        _mean([one["test"] for one in scored]),
        float(np.asarray(curve["value"])[last].mean()),
        [one["test"][name] for one in scored],
    )


_HELD = ("validation", "test")


def _told(one: Stored, part: Examples, generator: torch.Generator) -> Numbers:
    """The scores on a part, and what else the model tells when it is examined."""
    found = score(one.fitted, one.data.measure, part, one.numerics, generator)
    if isinstance(one.fitted, Examined):
        with torch.no_grad():
            found |= {name: number for name, number in one.fitted.examine(part, generator).items() if name not in found}
    return found


def _mean(scores: Sequence[Numbers]) -> Numbers:
    return {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}


_STRIDE = 16  # steps between two looks at the clock


def _tagged(measured: Measured) -> dict[str, float]:
    layers = {f"{kind}/{layer}": number for kind, found in measured.layers.items() for layer, number in found.items()}
    return {**measured.numbers, **layers}
