"""Samples of autoregressive models: as likely as they say, on from what is given, and what is shown of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.generating import Condition, Examined, Exhibitor, Likelihood, SampleJudge, Sampler
from daedalus.core.spec import parse_spec
from daedalus.generative.autoregressive import causal
from daedalus.generative.autoregressive.causal import Drawing
from daedalus.generative.autoregressive.made import MADE, MADEConfig
from daedalus.generative.autoregressive.pixelcnn import PixelCNN, PixelCNNConfig

from .models import SMALL, built, seeded, striped


def probabilities(fitted) -> np.ndarray:
    """Of all 16 images of 2 × 2 bits."""
    bits = np.arange(16)[:, None] >> np.arange(4) & 1
    with torch.no_grad():
        x = torch.from_numpy(bits.reshape(-1, 1, 2, 2).astype(np.uint8))
        return fitted.log_prob({"x": x}, seeded()).double().exp().numpy()


def counts(x: torch.Tensor) -> np.ndarray:
    return np.bincount((x.flatten(1).long().numpy() << np.arange(4)).sum(1), minlength=16)


@pytest.mark.parametrize("name", SMALL)
def test_samples_come_as_often_as_their_probabilities_say(name):
    # False alarms: 1 in 1000 for each model, on seeds that are fixed.
    fitted = built(name, striped((1, 2, 2)))
    with torch.no_grad():  # further from uniform than it begins
        for weights in fitted.module.parameters():
            weights.mul_(1.5)
    p = probabilities(fitted)
    x = fitted.sample(4000, Condition(), seeded(1))
    assert x.dtype == torch.uint8
    assert x.shape == (4000, 1, 2, 2)
    assert chisquare(counts(x), 4000 * p / p.sum()).pvalue > 1e-3
    assert chisquare(counts(x), np.full(16, 250)).pvalue < 1e-6  # the test can fail
    assert fitted.sample(50, Condition(), seeded(2)).equal(fitted.sample(50, Condition(), seeded(2)))


def test_a_low_temperature_takes_what_is_likeliest():
    fitted = built("made", striped((1, 2, 2)))
    cold = fitted.sample(200, Condition(options=Drawing(temperature=1e-4)), seeded())
    assert len(cold.flatten(1).unique(dim=0)) == 1
    with pytest.raises(UserError, match="temperature must be positive, not 0"):
        Drawing(temperature=0)


@pytest.mark.parametrize("name", ["made, drawn order", "made, a mixture"])
def test_in_an_order_of_its_own_it_shows_no_completions(name):
    shown = built(name, striped()).exhibits(seeded())
    assert [one.name for one in shown] == ["samples", "real"]


@pytest.mark.parametrize("name", [name for name in SMALL if "drawn" not in name and "mixture" not in name])
def test_a_prompt_is_gone_on_from(name):
    fitted = built(name, striped())
    prompt = torch.tensor([1, 0, 0, 1, 1])
    x = fitted.sample(200, Condition(prompt=prompt), seeded())
    assert (x.flatten(1)[:, :5] == prompt).all()
    rest = x.flatten(1)[:, 5:].float().mean(0)
    assert ((rest > 0) & (rest < 1)).all()
    for wrong in (torch.ones(13), torch.tensor([2])):
        with pytest.raises(UserError, match="a prompt is up to 12 whole numbers below 2"):
            fitted.sample(1, Condition(prompt=wrong.long()), seeded())


def test_each_example_is_completed_from_its_own_part():
    fitted = built("pixelcnn", striped())
    x = torch.from_numpy(fitted.data.train.arrays["x"])
    known = torch.zeros(1, 3, 4, dtype=torch.bool)
    known[:, :2] = True
    whole = fitted.complete(x, known, Condition(), seeded())
    assert whole[:, :, :2].equal(x[:, :, :2])
    assert not whole[:, :, 2].equal(x[:, :, 2])
    with pytest.raises(UserError, match="must come first in the order"):
        fitted.complete(x, ~known, Condition(), seeded())
    with pytest.raises(UserError, match="must come first in the order"):
        built("made, drawn order", striped()).sample(2, Condition(prompt=torch.tensor([1, 1])), seeded())


@pytest.mark.parametrize("name", ["made", "pixelcnn", "pixelrnn"])
def test_what_it_offers(name):
    fitted = built(name, striped((1, 8, 8)))
    for protocol in (Likelihood, Sampler, SampleJudge, Exhibitor, Examined):
        assert isinstance(fitted, protocol)
    assert fitted.exact
    shown = fitted.exhibits(seeded())
    assert [one.name for one in shown] == ["samples", "real", "completions"]
    high, wide, _ = shown[-1].pixels.shape
    assert high < wide  # six rows of eight
    told = fitted.examine(fitted.data.test, seeded())
    with torch.no_grad():
        x = torch.from_numpy(fitted.data.test.arrays["x"])
        nats = fitted.log_prob({"x": x}, seeded()).mean().item()
    assert told["bits_per_dimension"] == pytest.approx(-nats / (64 * np.log(2)))


@pytest.mark.parametrize(("name", "layout"), [("made", "edges"), ("pixelcnn", "tiles")])
def test_mazes_are_examined_exactly(name, layout):
    data = load_data(parse_spec(f"mazes:n=3,layout={layout},tested=100"))
    fitted = built(name, data)
    told = fitted.examine(data.test, seeded())
    assert 0 <= told["mass"] < 1
    assert told["kl"] > 0
    assert {"perfect", "solvable", "modes"} < set(told)
    assert [one.name for one in fitted.exhibits(seeded())] == ["samples", "real"]
    sampled = load_data(parse_spec(f"mazes:n=3,layout={layout},task=sampling,tested=100"))
    model, config = SMALL[name]
    judged = built((model, replace(config)), sampled).judge_samples(sampled.test, seeded())
    assert 0 <= judged["perfect"] <= 1


def test_larger_mazes_are_not_listed():
    data = load_data(parse_spec("mazes:n=4,tested=50"))
    assert "kl" not in built((MADE, MADEConfig(width=24)), data).examine(data.test, seeded())


def test_probabilities_of_some_examples_at_a_time_are_those_of_all(monkeypatch):
    data = striped((1, 2, 3))
    fitted = built((PixelCNN, PixelCNNConfig(width=8, depth=2, first=3, conditional=True)), data)
    batch = {name: torch.from_numpy(array[:7]) for name, array in data.train.arrays.items()}
    with torch.no_grad():
        whole = fitted.log_prob(batch, seeded())
        monkeypatch.setattr(causal, "_NUMBERS", 2 * 6 * 2)  # D · V of two examples
        asked, log_prob = [], fitted.network.log_prob
        monkeypatch.setattr(fitted.network, "log_prob", lambda x, y, n: asked.append(len(x)) or log_prob(x, y, n))
        torch.testing.assert_close(fitted.log_prob(batch, seeded()), whole)
    assert asked == [2, 2, 2, 1]
