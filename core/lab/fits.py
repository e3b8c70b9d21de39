"""The trial of models, and what a stored run of theirs allows: its weights again, and their scores."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from daedalus.core.data import Data, load_data
from daedalus.core.device import threads
from daedalus.core.fitting import Fit, FitConfig, Measured
from daedalus.core.spec import fill

from .experiment import (
    CURVE,
    GRADIENTS,
    WEIGHTS,
    Experiment,
    Final,
    Record,
    Snapshot,
    entry_of,
    evaluation_steps,
    scalars_record,
)

#: Under this prefix the weights that are judged stand in `Final`.
STORED = "weights/"

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
        self.life = Fit(self.data, model, config, seed, experiment.steps)
        self.lived, self.began = 0.0, time.perf_counter()
        self.measured = -1  # the last step that was judged
        if resume is not None:
            arrays = dict(resume.arrays)
            self.lived, self.measured = float(arrays.pop("seconds")), int(arrays.pop("measured"))
            self.life.take_up(arrays)
        elif config.start:
            from .starting import stored_weights

            self.life.begin_from(stored_weights(config.start, experiment, seed))

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
        while self.life.step < until and time.monotonic() < due:
            self.life.run(min(self.life.step + _STRIDE, until))
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


_STRIDE = 16  # steps between two looks at the clock


def _tagged(measured: Measured) -> dict[str, float]:
    norms = {GRADIENTS: measured.gradients, WEIGHTS: measured.weights}
    layers = {prefix + layer: norm for prefix, found in norms.items() for layer, norm in found.items()}
    return {**measured.numbers, **layers}
