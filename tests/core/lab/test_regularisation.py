"""Remedies are held against the same without them: seeds, first weights and order of examples are shared."""

from dataclasses import replace

import pytest

from daedalus.core.data import load_data
from daedalus.core.fitting import Fit
from daedalus.core.lab import regularisation
from daedalus.core.lab.reproduction import Figure, Row
from daedalus.core.spec import parse_spec
from daedalus.core.supervised.mlp import MLPConfig, Perceptron


def test_pairs_begin_alike_and_end_in_a_row_and_a_figure(monkeypatch):
    duels = [replace(duel, steps=20) for duel in regularisation._DUELS if duel.title in ("dropout", "weight decay")]
    monkeypatch.setattr(regularisation, "_DUELS", duels)
    monkeypatch.setattr(regularisation, "_FINE", replace(regularisation._FINE, steps=20))
    monkeypatch.setattr(regularisation, "_QUICK_SEEDS", 2)
    found = list(regularisation.regularisation(True))
    rows, figures = found[::2], found[1::2]
    assert all(isinstance(row, Row) for row in rows)
    assert len(rows) == len(figures) == 3
    for figure in figures[:2]:
        assert isinstance(figure, Figure)
        without, remedy = figure.lines
        assert without.y[0] == remedy.y[0]
        assert without.y[-1] != remedy.y[-1]
    fresh, begun = figures[2].lines
    assert begun.y[0] > fresh.y[0] + 0.3  # it begins where another run ended


@pytest.mark.parametrize("settings", [{}, {"test_copies": 3}, {"patience": 1}])
def test_what_is_drawn_is_the_score_of_a_fit_so_configured(settings):
    plain = MLPConfig(width=8, batch=20, augment=parse_spec("noise(scale=2.0)"))
    config, data = replace(plain, **settings), load_data(parse_spec("digits:examples=60"))
    trained = Fit(data, Perceptron, config if config.chooses else plain, 2, 12)
    whole = Fit(data, Perceptron, config, 2, 12)
    for fit in (trained, whole):
        fit.run(12)
    assert regularisation._tested(trained, config) == whole.measure().score
