"""The bound in nats: its parts by hand, never above what is exact, and close to it where the denoiser is exact."""

import math

import numpy as np
import pytest
import torch

from daedalus.generative.diffusion.bound import Bound, discretised
from daedalus.generative.diffusion.schedule import NoiseSchedule, cosine, linear

from .oracle import Mixture, Oracle


def denoiser(schedule, mixture):
    oracle = Oracle(mixture, schedule, "velocity")
    return lambda x, t: schedule.data(oracle(x, t / schedule.steps), x, t, "velocity")


def test_parts_by_hand():
    """ᾱ = 1, .64, .36, two numbers; the denoiser always says 0, so x_0 is missed by itself."""
    schedule = NoiseSchedule(torch.tensor([1.0, 0.64, 0.36], dtype=torch.float64))
    bound, x = Bound(schedule), torch.tensor([[1.0, -2.0]], dtype=torch.float64)
    nothing = torch.zeros_like

    def term(t, bound=bound):
        return float(bound.term(lambda noisy, t_B: nothing(noisy), x, torch.tensor([t]), torch.ones_like(x)))

    kl = sum(0.5 * (0.64 + 0.36 * v**2 - 1 - math.log(0.64)) for v in (1, -2))
    assert float(bound.prior(x)) == pytest.approx(kl)
    snr = [0.64 / 0.36, 0.36 / 0.64]
    assert term(2) == pytest.approx(0.5 * (snr[0] - snr[1]) * 5)  # ½ (SNR(1) − SNR(2)) ‖x_0‖² (Kingma et al. 2021)
    decoder = sum(0.5 * (v**2 / 0.36 + math.log(2 * math.pi * 0.36)) for v in (1, -2))
    assert term(1) == pytest.approx(decoder)
    beta, small = 1 - 0.36 / 0.64, 0.36 / 0.64 * (1 - 0.36 / 0.64)
    of_data = 0.8 * beta / 0.64
    wide = sum(0.5 * (small / beta - 1 - math.log(small / beta) + (of_data * v) ** 2 / beta) for v in (1, -2))
    assert term(2, Bound(schedule, variance="beta")) == pytest.approx(wide)


@pytest.mark.parametrize("values", [2, 3, 17, 256])
def test_discretised_normals_sum_to_one_and_are_what_scipy_says(values):
    from scipy.stats import norm

    places = torch.linspace(-1, 1, values, dtype=torch.float64)
    for mean, deviation in ((0.0, 0.3), (0.93, 0.01), (-1.7, 0.2)):
        log_p = discretised(places, torch.full_like(places, mean), deviation, values)
        assert float(log_p.exp().sum()) == pytest.approx(1, abs=1e-12)
        edges = np.concatenate([[-np.inf], (places[1:] + places[:-1]) / 2, [np.inf]])
        wanted = np.diff(norm(mean, deviation).cdf(edges))
        np.testing.assert_allclose(log_p.exp(), wanted, atol=1e-12)
    far = discretised(torch.tensor([-1.0, 1.0]), torch.tensor([1.0, -1.0]), 0.01, values)
    assert torch.isfinite(far).all()
    assert (far < -1000).all() or values == 3 or values == 2  # a bit's other half begins at 0
    assert far[0] == pytest.approx(float(far[1]), rel=1e-4)


@pytest.mark.parametrize("make", [linear, cosine])
def test_with_the_exact_denoiser_the_bound_is_close_to_ln_p_and_not_above(make):
    """The mean over 10,000 points of one normal, within 4 standard errors. The other variance is the worse one."""
    mixture, schedule = Mixture([[0.3]], 0.7), make(400)
    generator = torch.Generator().manual_seed(1)
    x = mixture.draw(10_000, generator)
    found = {}
    for variance in ("beta", "posterior"):
        gap = mixture.log_p(x) + Bound(schedule, None, variance).estimate(denoiser(schedule, mixture), x, 8, generator)
        assert float(gap.mean()) > -4 * float(gap.std()) / 100
        found[variance] = float(gap.mean())
    assert found["beta"] < 0.03
    assert found["posterior"] > 0.25


def test_a_mixture_too_and_a_worse_denoiser_is_further_below():
    mixture, schedule = Mixture([[-1.0], [1.0]], 0.25), cosine(300)
    generator = torch.Generator().manual_seed(2)
    x = mixture.draw(10_000, generator)
    bound, exact = Bound(schedule, None, "beta"), denoiser(schedule, mixture)
    gap = mixture.log_p(x) + bound.estimate(exact, x, 8, generator)
    worse = mixture.log_p(x) + bound.estimate(lambda z, t: exact(z, t) * 0.99, x, 8, generator)
    assert -4 * float(gap.std()) / 100 < float(gap.mean()) < 0.05
    assert float(worse.mean()) > float(gap.mean()) + 0.1


def test_few_times_estimate_the_whole_sum_without_bias():
    """Two strata against every term, both means over the same 20,000 points; 4 standard errors."""
    mixture, schedule = Mixture([[-1.0], [1.0]], 0.25), cosine(20)
    generator = torch.Generator().manual_seed(3)
    x = mixture.draw(20_000, generator)
    bound, exact = Bound(schedule), denoiser(schedule, mixture)
    whole = bound.terms(exact, x, generator).sum(0) + bound.prior(x)
    few = bound.estimate(exact, x, 2, generator)
    assert few.shape == (20_000,)
    error = math.sqrt(float(whole.var() + few.var()) / 20_000)
    assert abs(float(few.mean() - whole.mean())) < 4 * error


def test_times_are_drawn_where_the_nats_are():
    """Of standard normal data ½ ln(SNR(1)/SNR(T)) in all, as T grows; of a fair bit all but none where SNR > 30."""
    schedule = cosine(500)
    snr = schedule.snr(torch.arange(1, 501))
    normal, bits = Bound(schedule).chances(), Bound(schedule, values=2).chances()
    for chances in (normal, bits):
        assert len(chances) == 499
        assert float(chances.sum()) == pytest.approx(1)
        assert (chances > 0).all()
    ratio = (snr[:-1] - snr[1:]) / (1 + snr[1:])
    assert float(normal[7] / normal[300]) == pytest.approx(float(ratio[7] / ratio[300]))
    plain = snr[1:] > 30
    assert float(bits[plain].sum()) == pytest.approx(float(normal[plain].sum()) / 2, rel=1e-3)


def test_of_bits_the_probabilities_that_the_bound_gives_sum_to_less_than_one():
    """All 2³ vectors of bits, whatever the denoiser: here one that says where each bit mostly is."""
    schedule = cosine(100)
    bound = Bound(schedule, values=2)
    every = torch.tensor([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], dtype=torch.float64) * 2 - 1
    prior = torch.tensor([0.2, -0.8, 1.5], dtype=torch.float64)  # logits of bits of their own

    def exact(noisy, t):
        alpha, sigma = schedule.alpha_sigma(t)
        return torch.tanh(prior / 2 + noisy * (alpha / sigma**2)[:, None])

    generator = torch.Generator().manual_seed(4)
    found = -bound.estimate(exact, every.repeat(2000, 1), 20, generator).reshape(2000, 8).mean(0)
    truth = torch.nn.functional.logsigmoid(every * prior).sum(1)
    assert float(found.exp().sum()) < 1
    np.testing.assert_allclose(found, truth, atol=0.3)
    assert float((truth.exp() * (truth - found)).sum()) > 0  # KL
