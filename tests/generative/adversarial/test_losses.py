"""Losses against numbers by hand and closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from daedalus.generative.adversarial.losses import (
    discriminator,
    gradient_penalty,
    non_saturating,
    wasserstein_critic,
    wasserstein_generator,
)


def test_losses_by_hand():
    real, fake = torch.tensor([math.log(3), 0.0]), torch.tensor([0.0, -math.log(4)])  # D = 3/4, 1/2 and 1/2, 1/5
    wanted = [-math.log(3 / 4) - math.log(1 / 2), -math.log(1 / 2) - math.log(4 / 5)]
    assert discriminator(real, fake).tolist() == pytest.approx(wanted, rel=1e-6)
    assert non_saturating(fake).tolist() == pytest.approx([math.log(2), math.log(5)], rel=1e-6)
    assert wasserstein_critic(real, fake).tolist() == pytest.approx([-math.log(3), -math.log(4)], rel=1e-6)
    assert wasserstein_generator(fake).tolist() == pytest.approx([0.0, math.log(4)], rel=1e-6)


def test_the_generator_s_gradient_does_not_vanish_where_the_discriminator_wins():
    lost = torch.tensor([-20.0], requires_grad=True)
    (slope,) = torch.autograd.grad(non_saturating(lost).sum(), lost)
    assert slope.item() == pytest.approx(-1.0, abs=1e-6)


def test_the_best_discriminator_shows_the_jensen_shannon_divergence():
    """E of the loss under D = p/(p + q) is 2 ln 2 − 2 JSD(p, q) (Goodfellow et al. 2014, theorem 1), by quadrature."""
    p, q = stats.norm(0, 1), stats.norm(1.5, 0.7)
    grid = np.linspace(-12, 14, 20_001)
    score = torch.from_numpy(p.logpdf(grid) - q.logpdf(grid))  # the logit of p/(p + q)
    zero = torch.zeros_like(score)
    of_real = (discriminator(score, zero) - math.log(2)).numpy()  # the parts of the loss apart
    of_fake = (discriminator(zero, score) - math.log(2)).numpy()
    found = integrate.trapezoid(p.pdf(grid) * of_real + q.pdf(grid) * of_fake, grid)
    middle = 0.5 * (p.pdf(grid) + q.pdf(grid))
    jsd = sum(0.5 * integrate.trapezoid(d.pdf(grid) * (d.logpdf(grid) - np.log(middle)), grid) for d in (p, q))
    assert 0.2 < jsd < math.log(2)
    assert found == pytest.approx(2 * math.log(2) - 2 * jsd, abs=1e-9)
    worse = torch.from_numpy(p.logpdf(grid) - q.logpdf(grid)) * 0.9
    parts = (p.pdf(grid) * (discriminator(worse, zero) - math.log(2)).numpy()
             + q.pdf(grid) * (discriminator(zero, worse) - math.log(2)).numpy())  # fmt: skip
    assert integrate.trapezoid(parts, grid) > found + 1e-4


@pytest.mark.parametrize("shape", [(3,), (1, 2, 2)])
def test_the_penalty_of_a_linear_critic_is_that_of_its_slope(shape):
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(math.prod(shape), generator=generator, dtype=torch.float64, requires_grad=True)
    real, fake = (torch.randn(5, *shape, generator=generator, dtype=torch.float64) for _ in range(2))
    mix = torch.rand(5, generator=generator, dtype=torch.float64)
    found = gradient_penalty(lambda x: x.flatten(1) @ w, real, fake, mix)
    norm = float(w.detach().norm())
    assert found.tolist() == pytest.approx([(norm - 1) ** 2] * 5, rel=1e-12)
    (slope,) = torch.autograd.grad(found.mean(), w)  # d(|w| − 1)²/dw = 2(|w| − 1)w/|w|
    torch.testing.assert_close(slope, 2 * (norm - 1) * w.detach() / norm)


def test_the_penalty_is_asked_between_real_and_made_examples():
    """Of f(x) = x²/2 the slope is x itself: at mix·x + (1 − mix)·G(z)."""
    real, fake, mix = torch.tensor([[4.0], [4.0]]), torch.tensor([[-2.0], [-2.0]]), torch.tensor([1.0, 0.25])
    found = gradient_penalty(lambda x: 0.5 * x[:, 0].square(), real, fake, mix)
    assert found.tolist() == pytest.approx([(4 - 1) ** 2, (0.5 - 1) ** 2])
