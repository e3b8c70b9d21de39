"""Laws of the noise schedule, and the conversions between noise, velocity and data."""

import math

import numpy as np
import pytest
import torch

from daedalus.core.errors import UserError
from daedalus.generative.diffusion.schedule import NoiseSchedule, cosine, linear, noise_schedule, of_betas

SCHEDULES = [linear(1000), cosine(1000), linear(50), cosine(7)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_noise_grows_from_none_to_almost_all(schedule):
    bar = schedule.alpha_bar
    assert float(bar[0]) == 1
    assert (bar.diff() < 0).all()
    assert 0 < float(bar[-1]) < 0.01
    t = torch.arange(1, schedule.steps + 1)
    alpha, sigma = schedule.alpha_sigma(t)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(alpha))
    torch.testing.assert_close(schedule.snr(t), (alpha / sigma) ** 2)
    assert (schedule.snr(t).diff() < 0).all()


def test_linear_is_that_of_ho_and_fewer_steps_reach_as_far():
    beta = 1 - linear(1000).alpha_bar[1:] / linear(1000).alpha_bar[:-1]
    np.testing.assert_allclose(beta[[0, -1]], [1e-4, 0.02], rtol=1e-9)
    np.testing.assert_allclose(beta.diff(), (0.02 - 1e-4) / 999, rtol=1e-6)
    assert float(linear(1000).alpha_bar[-1]) == pytest.approx(4.036e-5, rel=1e-3)  # e^(−Σβ) to second order
    assert float(linear(200).alpha_bar[-1].log()) == pytest.approx(float(linear(1000).alpha_bar[-1].log()), rel=0.05)


def test_cosine_is_the_formula():
    bar, s = cosine(1000).alpha_bar, 0.008
    for t in (1, 250, 500, 900):
        f = [math.cos((u / 1000 + s) / (1 + s) * math.pi / 2) ** 2 for u in (0, t)]
        assert float(bar[t]) == pytest.approx(f[1] / f[0], rel=1e-12)
    assert float(bar[1000] / bar[999]) == pytest.approx(0.001)  # β is at most .999


@pytest.mark.parametrize("predict", ["noise", "velocity"])
def test_noise_velocity_and_data_lead_back_to_each_other(predict):
    generator, schedule = torch.Generator().manual_seed(0), cosine(100)
    x, noise = (torch.randn(99, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    t = torch.arange(1, 100)
    noisy = schedule.noised(x, t, noise)
    target = schedule.target(x, t, noise, predict)
    torch.testing.assert_close(schedule.data(target, noisy, t, predict), x)
    torch.testing.assert_close(schedule.noise(x, noisy, t), noise)
    if predict == "velocity":  # hand: ᾱ = 0.36, so α = .6 and σ = .8
        own = NoiseSchedule(torch.tensor([1.0, 0.36], dtype=torch.float64))
        one = torch.ones(1, 1, dtype=torch.float64)
        assert float(own.target(3 * one, torch.tensor([1]), 2 * one, "velocity")) == pytest.approx(0.6 * 2 - 0.8 * 3)


def test_the_bridge_is_hos_posterior():
    schedule = linear(20)
    bar = schedule.alpha_bar
    for t in (1, 2, 11, 20):
        beta, before, now = float(1 - bar[t] / bar[t - 1]), float(bar[t - 1]), float(bar[t])
        found = [float(part) for part in schedule.bridge(torch.tensor(t - 1), torch.tensor(t))]
        wanted = (
            math.sqrt(before) * beta / (1 - now),  # eq. 7
            math.sqrt(1 - beta) * (1 - before) / (1 - now),
            (1 - before) / (1 - now) * beta,
            beta,
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("s", "t"), [(4, 5), (1, 9), (0, 3)])
def test_the_bridge_is_the_product_of_two_normals(s, t):
    """q(x_s | x_t, x_0) ∝ q(x_t | x_s) q(x_s | x_0), multiplied on a grid."""
    schedule, x_0, x_t = cosine(10), 0.7, -0.4
    early, late = float(schedule.alpha_bar[s]), float(schedule.alpha_bar[t])
    bridge = schedule.bridge(torch.tensor(s), torch.tensor(t))
    if s == 0:
        assert float(bridge.variance) == 0
        assert float(bridge.of_data) == pytest.approx(1)
        assert float(bridge.of_noisy) == 0
        return
    u = np.linspace(-12, 12, 200_001)
    log_p = -((x_t - math.sqrt(late / early) * u) ** 2) / (2 * (1 - late / early))
    log_p -= (u - math.sqrt(early) * x_0) ** 2 / (2 * (1 - early))
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean = (p * u).sum()
    assert float(bridge.of_data * x_0 + bridge.of_noisy * x_t) == pytest.approx(mean, abs=1e-9)
    assert float(bridge.variance) == pytest.approx((p * (u - mean) ** 2).sum(), rel=1e-7)


def test_times_go_from_the_end_to_the_beginning():
    schedule = linear(1000)
    assert schedule.times(None) == list(range(1000, -1, -1))
    assert schedule.times(1000) == schedule.times(None)
    assert schedule.times(4) == [1000, 750, 500, 250, 0]
    assert schedule.times(1) == [1000, 0]
    assert len(set(schedule.times(999))) == 1000
    with pytest.raises(UserError, match="steps must lie between 1 and the 1000 times"):
        schedule.times(1001)


def test_a_schedule_may_begin_with_much_noise_at_once():
    own = cosine(1000)
    found = own.begun(0.2)
    assert found.steps == 1000
    assert float(found.alpha_sigma(torch.tensor(1))[1]) == pytest.approx(0.2, rel=1e-6)
    assert float(found.alpha_bar[-1]) == pytest.approx(float(own.alpha_bar[-1]), rel=1e-6)
    middle = np.interp(-float(found.alpha_bar[500]), -own.alpha_bar.numpy(), np.arange(1001))
    first = np.interp(-0.96, -own.alpha_bar.numpy(), np.arange(1001))
    assert middle == pytest.approx(first + (1000 - first) * 499 / 999, abs=0.5)  # evenly through the rest of the times
    assert own.begun(1e-3) is own  # it begins with more already


def test_what_is_no_schedule_is_refused():
    with pytest.raises(UserError, match="did you mean 'cosine'"):
        noise_schedule("cosin", 10)
    with pytest.raises(UserError, match="at least 2 steps"):
        noise_schedule("cosine", 1)
    for bad in ([1.0, 1.0], [0.9, 0.5], [1.0, 0.0], [1.0]):
        with pytest.raises(UserError, match="falls, but not to 0"):
            NoiseSchedule(torch.tensor(bad, dtype=torch.float64))
    with pytest.raises(UserError, match="float64"):
        NoiseSchedule(torch.tensor([1.0, 0.5]))
    assert of_betas(torch.tensor([0.5, 2.0], dtype=torch.float64)).alpha_bar.tolist() == pytest.approx([1, 0.5, 5e-4])
