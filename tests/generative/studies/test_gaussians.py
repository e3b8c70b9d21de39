"""Eight Gaussians: what is counted, and how it is judged. No run is made at its length here."""

from dataclasses import replace

import numpy as np

from daedalus.core.lab.reproduction import Figure, Row
from daedalus.generative.studies import gaussians as study
from daedalus.generative.studies.gaussians import EVEN, METZ, PENALISED, Covered, covered, gaussians


def told(monkeypatch, metz, even, penalised, share):
    counts = {METZ: metz, EVEN: even, PENALISED: penalised}

    def known(recipe, seeds, quick):
        return Covered(np.array(counts[recipe], dtype=float), np.array(share), np.zeros((5, 2)))

    monkeypatch.setattr(study, "covered", known)
    found = list(gaussians(quick=True))
    return [one for one in found if isinstance(one, Row)], [one for one in found if isinstance(one, Figure)]


def test_each_claim_is_judged_by_itself(monkeypatch):
    rows, figures = told(monkeypatch, [1, 1], [8, 8], [8, 8], [0.9, 0.91])
    assert [row.passed for row in rows] == [True] * 4
    assert [figure.title for figure in figures] == [METZ.label, EVEN.label, PENALISED.label]
    assert [row.passed for row in told(monkeypatch, [8, 8], [1, 1], [7, 8], [0.7, 0.9])[0]] == [False] * 4


def test_both_losses_are_played_by_the_same_networks_at_the_same_rates():
    assert EVEN.model.partition("latent")[2] == PENALISED.model.partition("latent")[2]
    assert EVEN.steps == PENALISED.steps


def test_a_run_is_sampled_and_counted():
    found = covered(replace(METZ, model="gan:latent=2,width=8,depth=1,batch=8", quick_steps=3), range(2), quick=True)
    assert found.samples.shape == (2_500, 2)
    assert found.modes.shape == found.high_quality.shape == (2,)
    assert ((found.high_quality >= 0) & (found.high_quality <= 1)).all()
    again = covered(replace(METZ, model="gan:latent=2,width=8,depth=1,batch=8", quick_steps=3), range(2), quick=True)
    np.testing.assert_array_equal(found.samples, again.samples)
