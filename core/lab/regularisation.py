"""What helps a network to say more than it has seen: seven remedies, each against the same without it, seed by seed.

`daedalus reproduce regularisation`. Every pair shares data, seeds, first weights and the order of examples; what is
compared is the score on the test part at the end of the same number of steps.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.data import load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.fitting import Fit, FitConfig, Model, score
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.supervised.cnn import CNNConfig, Convolutional
from daedalus.core.supervised.mlp import MLPConfig, Perceptron
from daedalus.core.supervised.objective import SupervisedConfig

from .reproduction import Figure, Row, ahead, mean_line

_SEEDS, _QUICK_SEEDS, _POINTS, _QUICK_POINTS = 10, 5, 20, 10

Weights = Sequence[Mapping[str, np.typing.NDArray[Any]]]


@dataclass(frozen=True)
class _Duel:
    """A remedy: what it is, on which data, and the settings without it and with it."""

    title: str
    source: str
    data: str
    steps: int
    without: SupervisedConfig
    remedy: SupervisedConfig
    caption: str


_WRONG = "digits:examples=300,noise=0.4"
_PLAIN = MLPConfig(width=128, batch=32)
_DEEP = MLPConfig(width=32, depth=8, batch=32)
_FILTERS = CNNConfig(channels=8, batch=32)
_TURNED = replace(_FILTERS, augment=parse_spec("rotate(degrees=20)"))

_DUELS = (
    _Duel(
        "dropout",
        "Srivastava et al. 2014",
        _WRONG,
        500,
        _PLAIN,
        replace(_PLAIN, dropout=0.5),
        "300 digits of which 40 % are relabelled at random: without it they are learnt by heart.",
    ),
    _Duel(
        "weight decay",
        "Loshchilov & Hutter 2019",
        _WRONG,
        500,
        _PLAIN,
        replace(_PLAIN, optimiser=Spec("adamw"), weight_decay=1.0),
        "The same 300 digits; AdamW with a decay of 1.",
    ),
    _Duel(
        "early stopping",
        "Prechelt 1998",
        _WRONG,
        500,
        _PLAIN,
        replace(_PLAIN, patience=8),
        "The same 300 digits; the weights that were best on the validation part are kept.",
    ),
    _Duel(
        "batch normalisation",
        "Ioffe & Szegedy 2015",
        "digits",
        300,
        _DEEP,
        replace(_DEEP, norm="batch"),
        "Eight layers of 32 units, all digits, 300 steps.",
    ),
    _Duel(
        "augmentation",
        "LeCun et al. 1998",
        "digits:examples=300,moved=1",
        300,
        _FILTERS,
        replace(_FILTERS, augment=parse_spec("shift(pixels=1)")),
        "300 centred digits to train on, moved by up to a pixel to test: shifted copies teach what moves.",
    ),
    _Duel(
        "test-time augmentation",
        "Krizhevsky et al. 2012",
        "digits:examples=300,moved=1,measure=log_likelihood",
        300,
        _TURNED,
        replace(_TURNED, test_copies=8),
        "The same weights, judged by the mean probability of an image and 8 turned copies; in nats per example.",
    ),
)

_FINE = _Duel(
    "fine-tuning",
    "Hinton & Salakhutdinov 2006",
    "digits:examples=50",
    100,
    _PLAIN,
    _PLAIN,
    "50 digits with true labels, from fresh weights or from those of 1,258 digits of which 60 % were relabelled.",
)
_BEFORE = "digits:noise=0.6"


def regularisation(quick: bool) -> Iterator[Row | Figure]:
    """Rows that show each remedy to help by three standard errors, and the curves with and without it."""
    seeds = range(_QUICK_SEEDS if quick else _SEEDS)
    points = _QUICK_POINTS if quick else _POINTS
    plain: dict[tuple[str, SupervisedConfig], Floats] = {}  # three remedies are held against the same
    for duel in _DUELS:
        if replace(duel.remedy, test_copies=0) == duel.without:
            without, remedy = _curves(duel, duel.without, seeds, points, judged=(duel.without, duel.remedy))
        else:
            if (duel.data, duel.without) not in plain:
                (plain[duel.data, duel.without],) = _curves(duel, duel.without, seeds, points)
            without = plain[duel.data, duel.without]
            (remedy,) = _curves(duel, duel.remedy, seeds, points)
        yield from _told(duel, without, remedy)
    before = [_fitted(_BEFORE, _PLAIN, seed, 200).weights() for seed in seeds]
    (fresh,) = _curves(_FINE, _FINE.without, seeds, points)
    (begun,) = _curves(_FINE, _FINE.remedy, seeds, points, before)
    yield from _told(_FINE, fresh, begun)


def _curves(
    duel: _Duel,
    config: SupervisedConfig,
    seeds: Sequence[int],
    points: int,
    start: Weights | None = None,
    judged: Sequence[SupervisedConfig] = (),
) -> Sequence[Floats]:
    """The score on the test part of every seed at the beginning and `points` points more, (N, P + 1).

    The same weights may be judged as several configs say: then there is an array for each.
    """
    data = load_data(parse_spec(duel.data))
    ways = judged or (config,)
    scores = [np.empty((len(seeds), points + 1)) for _ in ways]
    for row, seed in enumerate(seeds):
        fit = Fit(data, _model(config), config, seed, duel.steps, start[row] if start else None)
        with threads(1):
            for place, step in enumerate(_steps(duel, points)):
                fit.run(step)
                for way, found in zip(ways, scores, strict=True):
                    found[row, place] = _tested(fit, way)
    return scores


def _tested(fit: Fit, config: SupervisedConfig) -> float:
    """What `Fit.measure` gives as the score, without all else that it looks at where no best weights are sought."""
    if config.chooses:
        return fit.measure().score
    judge: Any = _model(config).build(fit.data, config, torch_generator(fit.seed, "init"))
    judge.module = fit.fitted.objective.module
    noise = torch_generator(fit.seed, "evaluation", fit.numerics.device)
    return score(judge, fit.data.measure, fit.data.test, fit.numerics, noise)[fit.data.measure.name]


def _steps(duel: _Duel, points: int) -> list[int]:
    return [duel.steps * place // points for place in range(points + 1)]


def _fitted(data: str, config: FitConfig, seed: int, steps: int) -> Fit:
    fit = Fit(load_data(parse_spec(data)), _model(config), config, seed, steps)
    with threads(1):
        fit.run(steps)
    return fit


def _model(config: FitConfig) -> Model:
    return Convolutional if isinstance(config, CNNConfig) else Perceptron


def _told(duel: _Duel, without: Floats, remedy: Floats) -> Iterator[Row | Figure]:
    measure = "log-likelihood" if "log_likelihood" in duel.data else "accuracy"
    yield ahead(f"{duel.title}: gain in test {measure}", remedy[:, -1], without[:, -1], duel.source)
    steps = _steps(duel, without.shape[1] - 1)
    lines = [mean_line("without", steps, without), mean_line(f"with {duel.title}", steps, remedy)]
    yield Figure(duel.title[:1].upper() + duel.title[1:], "optimiser steps", f"test {measure}", lines, duel.caption)
