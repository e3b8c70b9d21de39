"""MADE: its masks and probabilities by hand, mixtures, and what it learns of mazes."""

import math

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.fitting import Fit
from daedalus.core.noise import Noise
from daedalus.core.spec import Spec, parse_spec
from daedalus.generative.autoregressive.made import MADE, MADEConfig
from daedalus.generative.data.trees import independent_nll, log_trees
from daedalus.generative.metrics.levels import against_uniform, every_maze

from .models import built, seeded, striped


def test_masks_of_three_hidden_units_by_hand():
    network = built((MADE, MADEConfig(width=3, depth=2)), striped((1, 1, 3))).module
    hidden = [1, 2, 2]  # the degrees of units, of numbers 1, 2, 3
    assert network.layers[0].outputs.tolist() == [hidden]
    assert network.layers[0].masked().ne(0).int().tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 0]]
    assert network.layers[1].masked().ne(0).int().tolist() == [[1, 0, 0], [1, 1, 1], [1, 1, 1]]
    twice = [[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]  # two values of each number
    assert network.outputs.masked().ne(0).int().tolist() == twice
    straight = [[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0]]
    assert network.direct.masked().ne(0).int().tolist() == straight


def test_a_probability_by_hand():
    network = built((MADE, MADEConfig(width=2, depth=1)), striped((1, 1, 2))).module
    with torch.no_grad():
        for weights in network.parameters():
            weights.fill_(0.5)
        network.outputs.weight[3] = 2.0  # the logit of the second number being 1; both units have degree 1
        log_p = network.log_prob(torch.tensor([[1, 1], [0, 1]]), None, None)
    # The first number's two logits are both 0.5. x₁ = 1 is +1: units are 0.5 + 0.5 = 1, x₁ = 0 is −1: they are 0.
    one = (2 * 2.0 + 0.5 + 0.5) - (2 * 0.5 + 0.5 + 0.5)  # by which the logit of 1 is above that of 0
    assert log_p[0].item() == pytest.approx(math.log(0.5) - math.log1p(math.exp(-one)))
    assert log_p[1].item() == pytest.approx(2 * math.log(0.5))


def test_a_mixture_is_the_mean_of_its_parts_and_is_trained_on_one_at_a_time():
    fitted = built("made, a mixture", striped())
    x = torch.from_numpy(fitted.data.train.arrays["x"]).flatten(1).long()
    with torch.no_grad():
        each = [torch.log_softmax(fitted.module(2.0 * x - 1, n), -1) for n in range(3)]
        parts = torch.stack([one.gather(-1, x[..., None]).sum((1, 2)) for one in each])
        torch.testing.assert_close(fitted.module.log_prob(x, None, None), parts.exp().mean(0).log())
        drawn = [float(fitted.module.log_prob(x, None, Noise(seeded(seed))).mean()) for seed in range(20)]
    for one in parts.mean(1):
        assert any(float(one) == pytest.approx(value, rel=1e-6) for value in drawn)


def test_it_learns_mazes_better_than_any_model_of_single_edges_and_stays_above_the_floor():
    data = load_data(parse_spec("mazes:n=3"))
    config = MADEConfig(width=64, batch=128, lr=3e-3, schedule=Spec("cosine"))
    fit = Fit(data, MADE, config, 0, 600)
    fit.run(600)
    with torch.no_grad():
        trees = torch.from_numpy(every_maze(data.form))
        log_p = fit.fitted.log_prob({"x": trees}, seeded()).double().numpy()
    # Of all trees, so exactly: no chance is left in either comparison.
    assert log_trees(3, 3) < -log_p.mean() < log_trees(3, 3) + 0.15 < independent_nll(3, 3)
    assert 0.85 < against_uniform(log_p)["mass"] <= 1


def test_widths_of_layers_can_be_named():
    network = built((MADE, MADEConfig(width=(5, 7))), striped()).module
    assert [layer.weight.shape[0] for layer in network.layers] == [5, 7]


def test_a_single_number_is_learnt_as_often_as_it_is_seen():
    data = striped((1, 1, 1))
    fit = Fit(data, MADE, MADEConfig(width=4, batch=0, lr=0.1), 0, 200)
    fit.run(200)
    share = np.asarray(data.train.arrays["x"]).mean()
    p = fit.fitted.log_prob({"x": torch.ones(1, 1, 1, 1, dtype=torch.uint8)}, seeded()).exp().item()
    assert p == pytest.approx(share, abs=1e-3)
