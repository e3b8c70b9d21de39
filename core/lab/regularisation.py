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
from daedalus.core.device import threads
from daedalus.core.fitting import Fit, FitConfig, Model
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.supervised.cnn import CNNConfig, Convolutional
from daedalus.core.supervised.mlp import MLPConfig, Perceptron

from .reproduction import Figure, Row, ahead, mean_line

_SEEDS, _QUICK_SEEDS, _POINTS = 10, 5, 20

Weights = Sequence[Mapping[str, np.typing.NDArray[Any]]]


@dataclass(frozen=True)
class _Duel:
    """A remedy: what it is, on which data, and the settings without it and with it."""

    title: str
    source: str
    data: str
    steps: int
    without: FitConfig
    remedy: FitConfig
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
        600,
        _PLAIN,
        replace(_PLAIN, dropout=0.5),
        "300 digits of which 40 % are relabelled at random: without it they are learnt by heart.",
    ),
    _Duel(
        "weight decay",
        "Loshchilov & Hutter 2019",
        _WRONG,
        600,
        _PLAIN,
        replace(_PLAIN, optimiser=Spec("adamw"), weight_decay=1.0),
        "The same 300 digits; AdamW with a decay of 1.",
    ),
    _Duel(
        "early stopping",
        "Prechelt 1998",
        _WRONG,
        600,
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
        400,
        _FILTERS,
        replace(_FILTERS, augment=parse_spec("shift(pixels=1)")),
        "300 centred digits to train on, moved by up to a pixel to test: shifted copies teach what moves.",
    ),
    _Duel(
        "test-time augmentation",
        "Krizhevsky et al. 2012",
        "digits:examples=300,moved=1,measure=log_likelihood",
        400,
        _TURNED,
        replace(_TURNED, test_copies=16),
        "The same weights, judged by the mean probability of an image and 16 turned copies; in nats per example.",
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
    plain: dict[tuple[str, FitConfig], Floats] = {}  # three remedies are held against the same
    for duel in _DUELS:
        if (duel.data, duel.without) not in plain:
            plain[duel.data, duel.without] = _curves(duel, duel.without, seeds)
        yield from _told(duel, plain[duel.data, duel.without], _curves(duel, duel.remedy, seeds))
    before = [_fitted(_BEFORE, _PLAIN, seed, 200).weights() for seed in seeds]
    fresh, begun = _curves(_FINE, _FINE.without, seeds), _curves(_FINE, _FINE.remedy, seeds, before)
    yield from _told(_FINE, fresh, begun)


def _curves(duel: _Duel, config: FitConfig, seeds: Sequence[int], start: Weights | None = None) -> Floats:
    """The score on the test part of every seed at `_POINTS` + 1 points, (N, P)."""
    data = load_data(parse_spec(duel.data))
    scores = np.empty((len(seeds), _POINTS + 1))
    for row, seed in enumerate(seeds):
        fit = Fit(data, _model(config), config, seed, duel.steps, start[row] if start else None)
        with threads(1):
            for place, step in enumerate(_steps(duel)):
                fit.run(step)
                scores[row, place] = fit.measure().score
    return scores


def _steps(duel: _Duel) -> list[int]:
    return [duel.steps * place // _POINTS for place in range(_POINTS + 1)]


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
    lines = [mean_line("without", _steps(duel), without), mean_line(f"with {duel.title}", _steps(duel), remedy)]
    yield Figure(duel.title[:1].upper() + duel.title[1:], "optimiser steps", f"test {measure}", lines, duel.caption)
