"""Steps from noise to data: DDIM and DDPM are one at η = 1; exact denoisers give back exact moments."""

import pytest
import torch

from daedalus.core.errors import UserError
from daedalus.core.noise import Noise
from daedalus.generative.diffusion.sampling import DiffusionOptions, ddim_step, ddpm_step, way
from daedalus.generative.diffusion.schedule import cosine, linear

from .oracle import Mixture, Oracle


def drawn(schedule, mixture, options, n, seed=0, variance="posterior", dtype=torch.float64):
    oracle = Oracle(mixture, schedule, "velocity")

    def denoise(noisy, t_B):
        return schedule.data(oracle(noisy, t_B / schedule.steps), noisy, t_B, "velocity")

    noise = Noise(torch.Generator().manual_seed(seed))
    begin = noise.normal(n, mixture.means.shape[1]).to(dtype)
    return list(way(schedule, denoise, begin, options, noise, variance))


@pytest.mark.parametrize("schedule", [linear(60), cosine(60)])
@pytest.mark.parametrize("steps", [None, 7])
def test_ddim_with_eta_1_is_ddpm(schedule, steps):
    """The same noise and all steps, or some: an identity, so only rounding tells the two apart."""
    mixture = Mixture([[-1.0, 0.5], [1.0, 0.0]], 0.2)
    ddpm = drawn(schedule, mixture, DiffusionOptions("ddpm", steps), 50)
    ddim = drawn(schedule, mixture, DiffusionOptions("ddim", steps, eta=1.0), 50)
    for (t, one), (s, other) in zip(ddpm, ddim, strict=True):
        assert t == s
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)
    beta = drawn(schedule, mixture, DiffusionOptions("ddpm", steps), 50, variance="beta")
    assert not torch.allclose(beta[-1][1], ddim[-1][1], atol=1e-3)  # of DDPM's two variances it is β̃'s
    without = drawn(schedule, mixture, DiffusionOptions("ddim", steps, eta=0.5), 50)
    assert not torch.allclose(without[-1][1], ddim[-1][1], atol=1e-3)


def test_single_steps_by_hand():
    schedule = linear(4)
    one = torch.ones(1, 1, dtype=torch.float64)
    bridge = schedule.bridge(torch.tensor(2), torch.tensor(3))
    mean = float(bridge.of_data) * 0.5 + float(bridge.of_noisy) * 2.0
    for variance, spread in (("posterior", bridge.variance), ("beta", bridge.forward)):
        found = ddpm_step(schedule, 2 * one, 0.5 * one, 2, 3, -one, variance)
        assert float(found) == pytest.approx(mean - float(spread.sqrt()), rel=1e-12)
    assert float(ddpm_step(schedule, 2 * one, 0.5 * one, 0, 1, -one, "beta")) == pytest.approx(0.5)  # no noise at last
    noise = float(schedule.noise(0.5 * one, 2 * one, torch.tensor([3])))
    alpha, sigma = (float(part) for part in schedule.alpha_sigma(torch.tensor(2)))
    assert float(ddim_step(schedule, 2 * one, 0.5 * one, 2, 3, 0.0, one)) == pytest.approx(alpha * 0.5 + sigma * noise)


@pytest.mark.parametrize("options", [DiffusionOptions("ddpm", None), DiffusionOptions("ddim", None)])
def test_the_exact_denoiser_of_one_normal_gives_back_its_mean_and_variance(options):
    """Each step is then affine in x_t and z, so mean and variance follow without sampling."""
    schedule, mean, s = cosine(1000), 0.6, 0.5
    m, v = 0.0, 1.0
    eye, zero = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    for t in range(1000, 0, -1):
        alpha, sigma = (float(part) for part in schedule.alpha_sigma(torch.tensor(t)))
        gain = alpha * s**2 / (alpha**2 * s**2 + sigma**2)  # E[x_0 | x_t] = mean + gain (x_t − α mean)

        def step(noisy, z, t=t, gain=gain, alpha=alpha):
            x = mean + gain * (noisy - alpha * mean)
            if options.method == "ddpm":
                return ddpm_step(schedule, noisy, x, t - 1, t, z)
            return ddim_step(schedule, noisy, x, t - 1, t, 0.0, z)

        offset = float(step(zero, zero))
        slope, noise = float(step(eye, zero)) - offset, float(step(zero, eye)) - offset
        m, v = offset + slope * m, slope**2 * v + noise**2
    assert m == pytest.approx(mean, abs=2e-3)
    assert v**0.5 == pytest.approx(s, rel=5e-3)


def test_the_exact_denoiser_of_a_mixture_gives_it_back():
    """2,000 samples of modes with chances ¾ and ¼; bounds of 4 standard errors, so one seed in 5,000 would fail."""
    mixture, n = Mixture([[-1.0], [1.0]], 0.1, [3.0, 1.0]), 2000
    for options in (
        DiffusionOptions(steps=None),
        DiffusionOptions("ddpm", None),
        DiffusionOptions(steps=None, eta=0.5),
    ):
        x = drawn(cosine(200), mixture, options, n)[-1][1][:, 0]
        assert abs(float((x > 0).double().mean()) - 0.25) < 4 * (0.25 * 0.75 / n) ** 0.5
        assert float(x[x < 0].std()) == pytest.approx(0.1, rel=0.1)


def test_the_way_passes_the_times_asked_for():
    found = drawn(linear(20), Mixture([[0.0]], 1.0), DiffusionOptions(steps=4), 3)
    assert [t for t, _ in found] == [20, 15, 10, 5, 0]
    assert all(x.shape == (3, 1) for _, x in found)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"eta": 1.5}, "eta must lie in"),
        ({"eta": 0.5, "method": "ddpm"}, "eta is a setting of method=ddim"),
        ({"guidance": -2.0}, "guidance must be at least -1"),
    ],
)
def test_bad_options_are_refused(settings, said):
    with pytest.raises(UserError, match=said):
        DiffusionOptions(**settings)
