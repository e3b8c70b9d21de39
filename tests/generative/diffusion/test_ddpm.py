"""The model: its loss against Bayes' at every time, what it learns, how it is wired, saved and shown."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from daedalus.core.data import Column
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, load, tensors
from daedalus.core.generating import Condition, Examined, Exhibitor, Likelihood, SampleJudge, Sampler
from daedalus.core.noise import Noise
from daedalus.core.objective import Phase
from daedalus.generative.diffusion.config import DDPMConfig
from daedalus.generative.diffusion.ddpm import DDPM
from daedalus.generative.diffusion.sampling import DiffusionOptions

from .oracle import Mixture, Oracle, as_data

SMALL = DDPMConfig(width=32, depth=1, batch=64, times=50, judged_in=10, channels=(8, 8), heads=1)
ONE = Mixture([[-1.0], [1.0]], 0.3, [2.0, 1.0])


def standardised(mixture: Mixture) -> Mixture:
    """Scaled to mean 0 and deviation 1, which is what the model works on."""
    mean = (mixture.weights[:, None] * mixture.means).sum(0)
    far = (mixture.weights[:, None] * (mixture.means - mean).square()).sum(0)
    deviation = float((far + mixture.s**2).sqrt())
    return Mixture((mixture.means - mean) / deviation, mixture.s / deviation, mixture.weights)


def one_dimension():
    """Examples of the mixture, and the mixture as the model scales it."""
    x = ONE.draw(20_000, torch.Generator().manual_seed(9)).float()
    own = standardised(ONE)
    data = as_data(x.numpy(), "numbers")
    return data, own


@pytest.mark.parametrize("predict", ["noise", "velocity"])
def test_the_loss_is_bayes_with_the_exact_denoiser_and_never_below(predict):
    """At nine times, on 10,000 draws of x_0 and ε: the oracle's loss within 4 standard errors of the closed form.

    A network's loss less the oracle's on the same draws is not below 0 by more than 4 errors, and falls as it learns.
    """
    data, own = one_dimension()
    fit = Fit(data, DDPM, replace(SMALL, predict=predict, ema=None), 0, 400)
    oracle = copy.copy(fit.fitted)
    oracle.module = copy.copy(fit.fitted.module)
    oracle.module._modules = {**fit.fitted.module._modules, "network": Oracle(own, fit.fitted.schedule, predict)}
    fresh = excess(fit.fitted, oracle, own, predict)
    fit.run(400)
    trained = excess(fit.fitted, oracle, own, predict)
    assert trained < 0.03 < fresh


def excess(model, oracle, own, predict) -> float:
    """How much more the model loses than the oracle, the mean over times; it asserts what must hold at each."""
    generator, n, total = torch.Generator().manual_seed(5), 10_000, 0.0
    times = range(5, 46, 5)
    for t in times:
        x = own.draw(n, generator).float()
        noise, t_B = torch.randn(n, 1, generator=generator), torch.full((n,), t)
        with torch.no_grad():
            best, found = oracle.losses(x, t_B, noise), model.losses(x, t_B, noise)
        alpha, sigma = (float(part) for part in model.schedule.alpha_sigma(torch.tensor(t)))
        bayes = own.bayes(alpha, sigma)
        if predict == "velocity":  # v − v̂ = (ε − ε̂)/α
            bayes /= alpha**2
        assert abs(float(best.mean()) - bayes) < 4 * float(best.std()) / n**0.5
        more = found - best
        assert float(more.mean()) > -4 * float(more.std()) / n**0.5
        total += float(more.mean()) * (1 if predict == "noise" else alpha**2)
    return total / len(times)


def test_the_loss_is_the_mean_of_squared_distances():
    """Of a fresh network, whose answer is 0: ‖ε‖² in the mean, so D; and of velocity ‖v‖²."""
    data = as_data(np.random.default_rng(0).normal(size=(256, 3)).astype(np.float32), "numbers")
    model = DDPM.build(data, replace(SMALL, predict="noise"), torch_generator(0, "init"))
    batch = tensors(data.train, np.arange(256), torch.device("cpu"))
    loss, _ = model.loss(Phase(), batch, Noise(torch.Generator().manual_seed(0)))
    assert float(loss.detach()) == pytest.approx(3, rel=0.15)  # 256 · 3 numbers: 4 errors are .15
    x, noise = torch.ones(1, 3), torch.full((1, 3), 2.0)
    assert float(model.losses(x, torch.tensor([7]), noise).detach()) == pytest.approx(12)


def test_it_offers_likelihood_samples_and_pictures():
    data, _ = one_dimension()
    model = DDPM.build(data, SMALL, torch_generator(0, "init"))
    assert all(isinstance(model, protocol) for protocol in (Likelihood, Sampler, SampleJudge, Exhibitor, Examined))
    assert not model.exact


def test_it_learns_a_density_and_its_samples():
    """The bound within .15 nats of what is exact, the shares of the modes within 4 standard errors and 3 %."""
    data, _ = one_dimension()
    fit = Fit(data, DDPM, replace(SMALL, width=64, times=200, lr=3e-3, ema=0.99), 0, 400)
    fit.run(400)
    with fit.engine.averaged(), torch.no_grad():
        fit.fitted.module.eval()
        batch = tensors(data.test, np.arange(4000), torch.device("cpu"))
        gap = ONE.log_p(batch["x"].double()) - fit.fitted.log_prob(batch, torch_generator(0, "evaluation"))
        x = fit.fitted.sample(2000, Condition(), torch_generator(0, "samples"))
    assert -4 * float(gap.std()) / 4000**0.5 < float(gap.mean()) < 0.15
    assert x.shape == (2000, 1)
    assert abs(float((x > 0).float().mean()) - 1 / 3) < 0.07
    assert float(x[x < 0].std()) == pytest.approx(0.3, abs=0.06)


def test_bits_of_which_the_second_repeats_the_first():
    """The bound is close to −ln 2 and not above, and samples are of two kinds."""
    one = np.random.default_rng(0).integers(0, 2, (512, 1)).astype(np.uint8)
    data = as_data(one.repeat(2, axis=1), "numbers", values=2)
    fit = Fit(data, DDPM, replace(SMALL, lr=3e-3, ema=0.98, times=100), 0, 400)
    fit.run(400)
    with fit.engine.averaged(), torch.no_grad():
        fit.fitted.module.eval()
        batch = {"x": torch.tensor([[0, 0], [1, 1], [0, 1]], dtype=torch.uint8).repeat(1000, 1)}
        log_p = fit.fitted.log_prob(batch, torch_generator(0, "e")).reshape(1000, 3).mean(0)
        x = fit.fitted.sample(500, Condition(options=DiffusionOptions(steps=None)), torch_generator(0, "s"))
    assert float(log_p[:2].exp().sum()) < 1.02  # the error of the estimate is below .01
    assert (log_p[:2] > -1.0).all()
    assert float(log_p[2]) < -4
    assert x.dtype == torch.uint8
    assert float((x[:, 0] == x[:, 1]).float().mean()) > 0.97


def test_answers_for_bits_are_log_odds_of_which_x_itself_is_a_part():
    """x_0 = ±1 with chances ¾ and ¼: E[x_0 | x_t] by Bayes; what is missed is what it would be of the velocity."""
    schedule = SMALL.noise_schedule()
    noisy, t = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None], torch.full((9,), 20)
    alpha, sigma = (float(part) for part in schedule.alpha_sigma(torch.tensor(20)))
    p = [
        chance * torch.exp(-((noisy - sign * alpha) ** 2) / (2 * sigma**2)) for sign, chance in ((1, 0.75), (-1, 0.25))
    ]
    half = torch.full_like(noisy, 0.5 * np.log(0.75 / 0.25))
    found = schedule.data(half, noisy, t, "logits")
    torch.testing.assert_close(found, (p[0] - p[1]) / (p[0] + p[1]))
    x = torch.ones_like(noisy)
    noise = schedule.noise(x, noisy, t)
    velocity = schedule.target(x, t, noise, "velocity")
    missed = schedule.target(found, t, schedule.noise(found, noisy, t), "velocity")
    torch.testing.assert_close(schedule.missed(found, x, t), velocity - missed)
    model = DDPM.build(images(2), replace(SMALL, predict="logits", first=0.01), torch_generator(0, "init"))
    bits, t = torch.ones(1, 1, 5, 6), torch.tensor([1])  # a fresh network knows nothing, but x_1 is plain
    assert float(model.losses(bits, t, torch.ones_like(bits)).detach()) == pytest.approx(0, abs=1e-6)


def classes():
    y = np.random.default_rng(1).integers(0, 2, 600)
    x = np.where(y[:, None] == 1, 2.0, -2.0) + np.random.default_rng(2).normal(size=(600, 1)) * 0.1
    return as_data(x.astype(np.float32), "numbers", y)


def test_classes_are_followed_and_guidance_is_what_it_says():
    data = classes()
    fit = Fit(data, DDPM, replace(SMALL, conditional=True, unconditional=0.2, lr=3e-3, ema=0.98), 0, 300)
    fit.run(300)
    model, generator = fit.fitted, torch_generator(0, "s")
    model.module.eval()
    with torch.no_grad():
        y = torch.arange(2).repeat(100)
        x = model.sample(200, Condition(y=y), generator)
        assert float(((x[:, 0] > 0) == (y == 1)).float().mean()) > 0.98
        free = model.sample(400, Condition(), generator)  # as often as the training part has them
        assert abs(float((free > 0).float().mean()) - 0.5) < 0.15
        for wrong in (torch.tensor([0, 1, 2]), torch.tensor([0, 1])):
            with pytest.raises(UserError, match="classes of 3 samples are as many whole numbers below 2"):
                model.sample(3, Condition(y=wrong), generator)
        noisy, t = torch.randn(6, 1, generator=generator), torch.full((6,), 30)
        told, untold = (model.answer(noisy, t, which) for which in (y[:6], None))
        assert not torch.allclose(told, untold)
        torch.testing.assert_close(model.answer(noisy, t, y[:6], 0.0), told)  # 0: the conditional model
        torch.testing.assert_close(model.answer(noisy, t, y[:6], -1.0), untold)
        torch.testing.assert_close(model.answer(noisy, t, y[:6], 2.0), 3 * told - 2 * untold)
        asked = (None, DiffusionOptions(steps=10, guidance=0.0), DiffusionOptions(steps=10, guidance=3.0))
        same = [model.sample(5, Condition(y=y[:5], options=one), torch_generator(1, "s")) for one in asked]
    torch.testing.assert_close(same[0], same[1])
    assert not torch.allclose(same[0], same[2])


def test_classes_are_left_out_by_chance():
    model = DDPM.build(classes(), replace(SMALL, conditional=True, unconditional=0.25), torch_generator(0, "init"))
    y = model._told({"y": torch.ones(4000, dtype=torch.int64)}, Noise(torch.Generator().manual_seed(0)))
    assert set(y.tolist()) == {1, 2}
    assert abs(float((y == 2).float().mean()) - 0.25) < 4 * (0.25 * 0.75 / 4000) ** 0.5


def images(values):
    x = np.random.default_rng(0).integers(0, values or 5, (64, 1, 5, 6))
    return as_data(x.astype(np.uint8) if values else (x / 4).astype(np.float32), "image", values=values)


@pytest.mark.parametrize("values", [None, 2, 5])
def test_samples_are_examples_of_the_data_and_come_from_the_generator(values):
    data = images(values)
    fit = Fit(data, DDPM, replace(SMALL, channels=(8, 8), batch=16), 0, 4)
    fit.run(4)
    model = fit.fitted
    model.module.eval()
    with torch.no_grad():
        one, again, other = (model.sample(3, Condition(), torch_generator(seed, "s")) for seed in (0, 0, 1))
        batch = tensors(data.test, np.arange(4), torch.device("cpu"))
        assert model.log_prob(batch, torch_generator(0, "e")).shape == (4,)
    assert one.shape == (3, 1, 5, 6)
    assert one.dtype == (torch.float32 if values is None else torch.uint8)
    assert 0 <= float(one.min()) <= float(one.max()) <= (1 if values is None else values - 1)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_what_is_scaled_comes_back_and_densities_follow():
    data = as_data(np.random.default_rng(0).normal(3, 5, (50, 2)).astype(np.float32), "points")
    scale = DDPM.build(data, SMALL, torch_generator(0, "init")).module.scale
    x = torch.from_numpy(data.train.arrays["x"])
    z = scale.inwards(x)
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(z.std(0, correction=0), 1, rtol=1e-5)
    torch.testing.assert_close(scale.finished(z), x)
    assert float(scale.log_volume) == pytest.approx(-float(x.std(0, correction=0).log().sum()), rel=1e-5)
    shades, bits = (DDPM.build(images(v), SMALL, torch_generator(0, "init")).module.scale for v in (None, 2))
    assert float(shades.log_volume) == pytest.approx(30 * np.log(2), rel=1e-6)
    assert float(bits.log_volume) == 0
    assert bits.inwards(torch.tensor([0, 1], dtype=torch.uint8)[:, None, None, None])[:, 0, 0, 0].tolist() == [-1, 1]


@pytest.mark.parametrize("kind", ["points", "images"])
def test_twenty_steps_are_ten_and_ten_more_to_the_bit(kind):
    data = classes() if kind == "points" else images(2)
    config = replace(SMALL, conditional=kind == "points", dropout=0.2, keep="best", batch=16)
    whole = Fit(data, DDPM, config, 3, 20)
    for stop in (10, 20):
        whole.run(stop)
        measured = whole.measure()
    first = Fit(data, DDPM, config, 3, 20)
    first.run(10)
    first.measure()
    second = Fit(data, DDPM, config, 3, 20)
    second.take_up({name: array.copy() for name, array in first.arrays().items()})
    second.run(20)
    assert second.measure() == measured
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(second.arrays()[name], array, err_msg=name)
    fresh = DDPM.build(data, config, torch_generator(8, "init"))
    load(fresh.module, whole.weights())
    second.fitted.module.eval()
    fresh.module.eval()
    load(second.fitted.module, whole.weights())
    with torch.no_grad():
        samples = [one.sample(2, Condition(), torch_generator(0, "s")) for one in (fresh, second.fitted)]
    assert torch.equal(*samples)


def test_the_average_of_the_weights_is_what_is_judged_and_kept():
    data, _ = one_dimension()
    fit = Fit(data, DDPM, replace(SMALL, ema=0.9), 0, 10)
    before = {name: array.copy() for name, array in fit.weights().items()}
    fit.run(1)
    name = "network.inputs.weight"
    now = fit.fitted.module.state_dict()[name].numpy()
    np.testing.assert_allclose(
        fit.weights()[name], before[name] + (1 - 2 / 11) * (now - before[name]), rtol=1e-4, atol=1e-6
    )
    assert Fit(data, DDPM, DDPMConfig(), 0, 1).config.ema == 0.999


def test_the_strip_goes_from_noise_to_samples():
    for data in (images(2), images(None)):
        model = DDPM.build(data, SMALL, torch_generator(0, "init"))
        model.module.eval()
        with torch.no_grad():
            found = model.exhibits(torch_generator(0, "exhibits"))
        assert [one.name for one in found] == ["samples", "real", "denoising"]
        assert found[-1].pixels.dtype == np.uint8
        assert "50, " in found[-1].note
        assert ", 0 of" in found[-1].note


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"times": 1}, "at least 2 steps"),
        ({"noising": "cosin"}, "did you mean 'cosine'"),
        ({"strata": 0}, "strata must lie between 1 and the 1000 times"),
        ({"judged_in": 2000}, "judged_in must lie between"),
        ({"first": 0.0}, "first is a deviation"),
        ({"unconditional": 1.0}, "unconditional is a chance"),
    ],
)
def test_bad_settings_are_refused(settings, said):
    with pytest.raises(UserError, match=said):
        DDPMConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"network": "unet"}, "takes images"),
        ({"width": 7}, "width must be even"),
        ({"conditional": True}, "no classes to be told"),
        ({"predict": "logits"}, "for bits alone"),
        ({"batch": 0}, None),
    ],
)
def test_what_does_not_fit_the_data_is_refused(settings, said):
    data, _ = one_dimension()
    if said is None:
        DDPM.check(data, replace(SMALL, **settings))
        return
    with pytest.raises(UserError, match=said):
        DDPM.check(data, replace(SMALL, **settings))


def test_sizes_of_a_unet_are_checked():
    data = images(2)
    for settings, said in (
        ({"channels": (7, 8)}, "channels must be even"),
        ({"channels": (8, 8, 8, 8)}, "cannot be halved 3 times"),
        ({"blocks": 0}, "blocks must be at least 1"),
        ({"heads": 3}, "heads do not divide"),
        ({"dropout": 1.0}, "dropout is a chance"),
    ):
        with pytest.raises(UserError, match=said):
            DDPM.check(data, replace(SMALL, **settings))
    DDPM.check(data, replace(SMALL, network="mlp"))


def test_conditions_that_cannot_be_followed_are_refused():
    data, _ = one_dimension()
    model = DDPM.build(data, SMALL, torch_generator(0, "init"))
    for condition, said in (
        (Condition(y=torch.tensor([0])), "knows no classes"),
        (Condition(options=DiffusionOptions(steps=5, guidance=1.0)), "cannot be guided"),
        (Condition(prompt=torch.tensor([0])), "begin with a prompt"),
        (Condition(options=DiffusionOptions(steps=51)), "between 1 and the 50 times"),
    ):
        with pytest.raises(UserError, match=said):
            model.sample(1, condition, torch_generator(0, "s"))
    assert Column((), "int64", 1).values == 1
    one = replace(data, fields={"x": Column((1,), "uint8", 1)})
    with pytest.raises(UserError, match="only one value"):
        DDPM.check(one, SMALL)
