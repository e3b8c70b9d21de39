"""p(x | z): normalised, by hand, and drawn as often as said."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from daedalus.core.device import torch_generator
from daedalus.core.fitting import tensors
from daedalus.generative.latent.coder import coder
from daedalus.generative.latent.config import CoderConfig
from daedalus.generative.latent.emissions import LEAST, Bernoulli, Categorical, Gaussian, emission

from .toys import bits, reals


@pytest.mark.parametrize(("family", "values"), [(Bernoulli(), 2), (Categorical(3), 3)])
def test_the_chances_of_all_x_sum_to_one(family, values):
    told = torch.randn(1, family.outputs, 4, generator=torch_generator(0, "told"))
    every = torch.tensor(list(itertools.product(range(values), repeat=4)), dtype=torch.uint8)
    log_p = family.log_prob(told.expand(len(every), -1, -1), every)
    assert float(log_p.exp().sum()) == pytest.approx(1, abs=1e-5)
    mean = (log_p.exp()[:, None] * every / (values - 1)).sum(0)
    torch.testing.assert_close(family.mean(told)[0], mean)
    likeliest = family.likeliest(told)[0].to(torch.uint8)
    assert torch.equal(likeliest, every[log_p.argmax()])


@pytest.mark.parametrize(("family", "values"), [(Bernoulli(), 2), (Categorical(3), 3)])
def test_what_is_drawn_is_drawn_as_often_as_said(family, values):
    told = torch.randn(1, family.outputs, 4, generator=torch_generator(0, "told"))
    draws = family.draw(told.expand(20_000, -1, -1), torch_generator(1, "draws")).float() / (values - 1)
    apart = (draws.mean(0) - family.mean(told)[0]).abs()
    assert (apart < 5 * 0.5 / math.sqrt(20_000)).all()  # 5 deviations at most: a false alarm in 10⁶


def test_a_gaussian_is_torchs_with_one_deviation():
    family = Gaussian(0.3)
    told, x = torch.randn(5, 1, 4, generator=torch_generator(0, "told")), torch.ones(5, 4)
    wanted = Normal(told[:, 0], family.deviation.detach()).log_prob(x).sum(-1)
    torch.testing.assert_close(family.log_prob(told, x), wanted)
    assert float(family.deviation.detach()) == pytest.approx(math.sqrt(0.3**2 + LEAST**2))
    draws = family.draw(told[:1].expand(50_000, -1, -1), torch_generator(1, "draws")).detach()
    assert float(draws.std(0).mean()) == pytest.approx(0.3, rel=0.02)
    with torch.no_grad():
        family.log_std.fill_(-1e3)
    assert float(family.deviation.detach()) == pytest.approx(LEAST)


@pytest.mark.parametrize("data", [bits(), bits(values=5), reals()])
def test_what_is_told_of_all_alike_is_the_best_constant(data):
    x = tensors(data.train, np.arange(96), torch.device("cpu"))["x"].flatten(1)
    family = emission(data, x.float())
    base = family.base(x)
    assert base.shape == (family.outputs, x.shape[1])
    best = family.log_prob(base.expand(len(x), -1, -1), x).mean()
    for way in range(3):
        other = base + 0.3 * torch.randn(base.shape, generator=torch_generator(way, "other"))
        assert family.log_prob(other.expand(len(x), -1, -1), x).mean() < best


def test_a_coder_begins_at_the_mean_and_takes_a_class_as_well():
    data = bits(shape=(1, 8, 8))
    batch = tensors(data.train, np.arange(6), torch.device("cpu"))
    given = torch.nn.functional.one_hot(batch["y"], 2).float()
    for network in ("dense", "conv"):
        config = CoderConfig(width=8, network=network, channels=(4, 4))
        made = coder(data, config, 5, 3, torch_generator(0, "init"), classes=2)
        assert made.encode(batch["x"], given).shape == (6, 5)
        assert (made.encode(batch["x"], given) != made.encode(batch["x"], 1 - given)).any()
        z = torch.zeros(7, 6, 3)
        assert made.told(z, given).shape == (7, 6, 1, 64)
        assert made.log_prob(z, batch["x"], given).shape == (7, 6)
        assert made.expected(z[0], given).shape == (6, 1, 8, 8)
        torch.testing.assert_close(
            made.mean, (tensors(data.train, np.arange(96), torch.device("cpu"))["x"].float()).mean(0)
        )


def test_large_images_are_convolved_unless_said_otherwise():
    small, large = bits(shape=(1, 8, 8)), bits(shape=(3, 32, 40))
    assert [CoderConfig().convolves(data) for data in (small, large)] == [False, True]
    assert CoderConfig(network="conv").convolves(small)
    assert not CoderConfig(network="dense").convolves(large)
