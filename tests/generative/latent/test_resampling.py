"""Weights against bias: by hand, and on data of which one kind is rare."""

import numpy as np
import pytest
import torch

from daedalus.core.device import torch_generator
from daedalus.core.fitting import Fit, tensors
from daedalus.generative.latent.resampling import BINS, REACH, Resampler, bins, densities, rarity
from daedalus.generative.latent.vae import VAE, VAEConfig

from .toys import bits


def test_histograms_are_densities():
    z = torch.randn(5_000, 3, generator=torch_generator(0, "z"))
    density = densities(z)
    assert density.shape == (3, BINS)
    torch.testing.assert_close(density.sum(1) * (2 * REACH / BINS), torch.ones(3))
    assert float(density[:, BINS // 2].mean()) == pytest.approx(0.398, abs=0.03)  # 1/√(2π)
    assert bins(torch.tensor([[-99.0, 0.0, 99.0]])).tolist() == [[0, BINS // 2, BINS - 1]]


def test_rarity_by_hand():
    """Densities 4.5 and .5 (shares .9 and .1 of bins of width .2), α = .5: weights as 1/5 to 1/1, 1 in the mean."""
    z = torch.tensor([[0.05], [0.05], [1.05]])
    density = torch.zeros(1, BINS)
    density[0, bins(z)[:, 0]] = torch.tensor([4.5, 4.5, 0.5])
    torch.testing.assert_close(rarity(z, density, 0.5), torch.tensor([0.2, 0.2, 1.0]) / 1.4 * 3)
    torch.testing.assert_close(rarity(z, density, 1e9), torch.ones(3), rtol=1e-4, atol=1e-4)
    two = rarity(z.repeat(1, 2), density.repeat(2, 1), 0.5)  # of two units the product
    torch.testing.assert_close(two, torch.tensor([0.04, 0.04, 1.0]) / 1.08 * 3)


def test_histograms_follow_in_training_alone():
    resampler, z = Resampler(1, 0.1, decay=0.5), torch.zeros(10, 1)
    resampler(z)
    resampler(z + 1.05)
    kept = resampler.density.clone()
    assert kept[0, bins(torch.tensor([[1.05]]))[0, 0]] == pytest.approx(2 * kept[0, BINS // 2])
    resampler.eval()
    resampler(z)
    assert torch.equal(resampler.density, kept)


def test_what_is_rare_is_learnt_better():
    """Of 1 in 25 examples the stencil is another; weighted, its bound is better, and the mean of weights is 1."""
    data, held = bits(size=400, rare=0.04), bits(size=400, rare=1.0)
    rare = tensors(held.train, np.arange(200), torch.device("cpu"))
    reached = {}
    for alpha in (None, 0.02):
        config = VAEConfig(latent=1, width=16, lr=0.01, batch=64, resample=alpha)
        made = Fit(data, VAE, config, 0, 150)
        made.run(150)
        with torch.no_grad():
            reached[alpha] = float(made.fitted.bounds(rare, 8, torch_generator(0, "bounds"))["elbo"].mean())
            if alpha is not None:
                batch = tensors(data.train, np.arange(400), torch.device("cpu"))
                made.fitted.module.eval()
                weights = made.fitted.resampler(made.fitted.code(batch))
                assert float(weights.mean()) == pytest.approx(1, rel=1e-4)
                assert float(weights[batch["y"] == 1].mean()) > 3
    assert reached[0.02] > reached[None] + 0.3
