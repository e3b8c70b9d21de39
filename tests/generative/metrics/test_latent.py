"""Active units and the aggregated posterior, on encoders made by hand."""

import math

import pytest
import torch
from torch.distributions import Normal

from daedalus.core.device import torch_generator
from daedalus.generative.metrics.latent import active_units, activity, log_aggregated, surgery


def test_active_units_of_an_encoder_made_by_hand():
    x = torch.randn(4_000, generator=torch_generator(0, "x"))
    means = torch.stack((x, 0.2 * x, 0.05 * x, torch.full_like(x, 3.0)), 1)  # variances 1, .04, .0025 and 0
    assert activity(means).tolist() == pytest.approx([1.0, 0.04, 0.0025, 0.0], rel=0.1)
    assert active_units(means) == 2
    assert active_units(means, 0.001) == 3
    assert active_units(torch.tensor([[0.0], [0.2 + 1e-4]])) == 1  # the variance of two is a quarter of their distance²
    assert active_units(torch.tensor([[0.0], [0.2 - 1e-4]])) == 0


def test_the_aggregated_posterior_is_a_mixture():
    mean, log_std = torch.tensor([[0.0], [2.0]]), torch.log(torch.tensor([[1.0], [0.5]]))
    z = torch.linspace(-3, 4, 700)[:, None]
    wanted = 0.5 * (Normal(0.0, 1.0).log_prob(z).exp() + Normal(2.0, 0.5).log_prob(z).exp())[:, 0]
    torch.testing.assert_close(log_aggregated(z, mean, log_std).exp(), wanted)


def test_the_divergence_falls_in_two():
    """All posteriors alike say nothing of x; far apart they say which of N it is, ln N."""
    noise = torch.randn(500, 2, generator=torch_generator(0, "noise"))
    told, apart = surgery(torch.ones(500, 2), torch.zeros(500, 2), noise)
    assert told == pytest.approx(0, abs=1e-4)
    assert apart == pytest.approx(1.0, abs=5 * math.sqrt(2 / 500))  # KL(N(1, 1) ‖ N(0, 1)) = ½ each; 5 deviations
    far = 100.0 * torch.arange(500)[:, None].expand(500, 2)
    assert surgery(far, torch.zeros(500, 2), noise)[0] == pytest.approx(math.log(500), abs=1e-3)
