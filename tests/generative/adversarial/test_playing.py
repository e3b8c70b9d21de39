"""The game in the engine: who moves when, going on to the bit, clipped weights, what samples are."""

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, weights_of
from daedalus.core.generating import Condition, Exhibitor, Likelihood, SampleJudge, Sampler
from daedalus.core.noise import Noise
from daedalus.core.spec import Spec, parse_spec
from daedalus.generative.adversarial.conditional_gan import ConditionalGAN, ConditionalGANConfig
from daedalus.generative.adversarial.dcgan import DCGAN, DCGANConfig
from daedalus.generative.adversarial.gan import GAN, GANConfig
from daedalus.generative.adversarial.playing import CRITIC, GENERATOR
from daedalus.generative.adversarial.wgan import WGAN, WGANConfig
from daedalus.generative.adversarial.wgan_gp import WGANGP, WGANGPConfig

DIGITS, POINTS = "digits:task=sampling", "gaussians:task=sampling,tested=100"
LITTLE = {"batch": 16, "latent": 4, "width": 8, "depth": 1, "channels": (4, 4)}
EACH = [
    (GAN, GANConfig(**LITTLE, ema=0.9), POINTS),
    (DCGAN, DCGANConfig(**LITTLE), DIGITS),
    (WGAN, WGANConfig(**LITTLE, critic_steps=5), "mazes:n=3,task=sampling,tested=20"),
    (WGANGP, WGANGPConfig(**LITTLE, critic_steps=5, schedule=Spec("cosine")), POINTS),
    (ConditionalGAN, ConditionalGANConfig(**LITTLE, critic_steps=3), DIGITS),
]


def fit(model, config, data, seed=0, steps=20) -> Fit:
    return Fit(load_data(parse_spec(data)), model, config, seed, steps)


def equal(one, other) -> None:
    assert list(one) == list(other)
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.mark.parametrize(("model", "config", "data"), EACH)
@pytest.mark.parametrize("stop", [10, 12])  # at a step of the generator, and between two of them
def test_twenty_steps_are_ten_and_ten_more_to_the_bit(model, config, data, stop):
    whole = fit(model, config, data)
    whole.run(20)
    first = fit(model, config, data)
    first.run(stop)
    arrays = {name: array.copy() for name, array in first.arrays().items()}
    for phase in ("critic", "generator"):
        assert any(name.startswith(f"engine/phase/{phase}/optimiser/") for name in arrays)
    second = fit(model, config, data)
    second.take_up(arrays)
    second.run(20)
    equal(dict(second.arrays()), dict(whole.arrays()))
    equal(dict(second.weights()), dict(whole.weights()))


@pytest.mark.parametrize(("model", "config", "data"), EACH)
def test_they_offer_samples_and_no_likelihood(model, config, data):
    life = fit(model, config, data)
    model.check(life.data, config)
    fitted, column = life.fitted, life.data.fields["x"]
    fitted.module.eval()
    assert isinstance(fitted, Sampler)
    assert isinstance(fitted, SampleJudge)
    assert isinstance(fitted, Exhibitor)
    assert not isinstance(fitted, Likelihood)
    with torch.no_grad():
        x, again = (fitted.sample(30, Condition(), torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(x, again)
    assert x.shape == (30, *column.shape)
    assert str(x.dtype) == f"torch.{column.dtype}"
    assert len(x.unique(dim=0)) > 1
    if life.data.form.name == "image":
        assert 0 <= x.min() <= x.max() <= 1
    if column.values == 2:
        assert set(x.unique().tolist()) <= {0, 1}
    with pytest.raises(UserError, match="prompt"):
        fitted.sample(1, Condition(prompt=torch.zeros(2)), torch.Generator())


@pytest.mark.parametrize(("model", "config", "data"), EACH)
def test_measures_and_pictures(model, config, data):
    life = fit(model, config, data, steps=6)
    life.run(6)
    measured = life.measure()
    assert np.isfinite(measured.score)
    assert {"train/critic/loss", "train/generator/loss", "train/score_real", "train/score_made"} <= set(
        measured.numbers
    )
    names = [one.name for one in life.exhibits()]
    assert names[0] == "samples"
    assert ("landscape" in names) == (data == POINTS)
    assert ("interpolation" in names) == (data != POINTS)
    assert ("classes" in names) == (model is ConditionalGAN)


def test_a_phase_that_comes_every_five_steps_is_told_as_its_own_mean():
    config = WGANGPConfig(**LITTLE, critic_steps=5)
    life, told, losses = fit(WGANGP, config, POINTS), fit(WGANGP, config, POINTS), []
    for step in range(7):
        losses.append({name: float(value) for name, value in told.engine.step(told._batch(step)).items()})
    life.run(7)
    found = life.measure().numbers
    assert [("generator/loss" in one) for one in losses] == [True, False, False, False, False, True, False]
    each = [one["generator/loss"] for one in losses if "generator/loss" in one]
    assert found["train/generator/loss"] == pytest.approx(np.mean(each), rel=1e-12)
    assert found["train/critic/loss"] == pytest.approx(np.mean([one["critic/loss"] for one in losses]), rel=1e-12)
    assert not any(name == "loss" for one in losses for name in one)


@pytest.mark.parametrize(("model", "config", "data"), EACH)
def test_a_phase_changes_nothing_of_the_other_network(model, config, data):
    life = fit(model, config, data)
    fitted, engine = life.fitted, life.engine
    for mine, other in ((CRITIC, GENERATOR), (GENERATOR, CRITIC)):
        fitted.phases = lambda step, only=mine: (only,)
        before = weights_of(fitted.module)
        engine.step(life._batch(0))
        after = weights_of(fitted.module)
        moved = {name for name in before if (before[name] != after[name]).any()}
        assert moved
        assert all(name.startswith(f"{mine.part}.") for name in moved), moved
        assert {name.partition(".")[0] for name in before} == {mine.part, other.part}


def test_each_phase_draws_its_own_noise():
    life = fit(GAN, GANConfig(**LITTLE), POINTS)
    seen = []
    life.fitted.generator.register_forward_pre_hook(lambda part, given: seen.append(given[0].clone()))
    life.engine.step(life._batch(0))
    first, second = seen
    assert not torch.equal(first, second)


def test_the_critic_s_weights_stay_clipped_after_every_step():
    life = fit(WGAN, WGANConfig(**LITTLE, clip=0.02, lr=0.01), POINTS)
    for step in range(1, 12):
        life.run(step)
        weights = list(life.fitted.critic.parameters())
        assert max(weight.abs().max().item() for weight in weights) == pytest.approx(0.02)
    assert max(weight.abs().max().item() for weight in life.fitted.generator.parameters()) > 0.1


def test_each_network_has_its_rate_and_only_the_generator_an_average():
    plan = fit(WGAN, WGANConfig(lr=0.002, critic_lr=0.001, ema=0.9, clip=0.3), POINTS).fitted.training(10)
    assert (plan["critic"].optimiser.lr, plan["critic"].ema, plan["critic"].bound) == (0.001, None, 0.3)
    assert (plan["generator"].optimiser.lr, plan["generator"].ema.decay, plan["generator"].bound) == (0.002, 0.9, None)
    assert fit(GAN, GANConfig(lr=0.002), POINTS).fitted.training(10)["critic"].optimiser.lr == 0.002


def test_the_losses_of_a_step_are_those_of_the_scores():
    """The critic's loss is made again from the scores of the same noise, with the penalty at its weight."""
    life = fit(WGANGP, WGANGPConfig(**LITTLE, penalty=7.0), POINTS)
    fitted, batch = life.fitted, life._batch(0)
    loss, told = fitted.loss(CRITIC, batch, Noise(torch.Generator().manual_seed(3)))
    z = torch.randn(16, 4, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        real, made = fitted.critic(batch["x"]).mean(), fitted.critic(fitted.generator(z)).mean()
        assert told["score_made"].item() == pytest.approx(made.item(), abs=1e-6)
        assert loss.item() == pytest.approx((made - real + 7 * told["gradient_penalty"]).item(), abs=1e-5)
        found, _ = fitted.loss(GENERATOR, batch, Noise(torch.Generator().manual_seed(3)))
        assert found.item() == pytest.approx(-made.item(), abs=1e-6)


def test_classes_are_followed_and_drawn_as_often_as_they_come():
    config = ConditionalGANConfig(latent=4, width=32, depth=2, lr=0.005)
    life = fit(ConditionalGAN, config, "gaussians:modes=4,task=sampling,tested=100", steps=300)
    life.run(300)
    fitted = life.fitted
    fitted.module.eval()
    with torch.no_grad():
        y = torch.arange(4).repeat(50)
        x = fitted.sample(200, Condition(y), torch.Generator().manual_seed(0))
    centres = 2 * torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    nearest = (x[:, None] - centres).norm(dim=-1).argmin(1)
    assert (nearest == y).float().mean() > 0.9
    drawn = fitted.asked(4_000, torch.Generator().manual_seed(0))
    assert (drawn.bincount(minlength=4) / 4_000 - 0.25).abs().max() < 0.03
    with pytest.raises(UserError, match="classes of 2 samples are as many whole numbers below 4"):
        fitted.sample(2, Condition(torch.tensor([0, 4])), torch.Generator())
    with pytest.raises(UserError, match="told no classes"):
        fit(GAN, GANConfig(**LITTLE), POINTS).fitted.sample(2, Condition(torch.zeros(2).long()), torch.Generator())


def test_the_penalty_weighs_what_its_paper_has_for_points_and_for_images():
    for data, weight in ((POINTS, 0.1), (DIGITS, 10.0)):
        assert fit(WGANGP, WGANGPConfig(**LITTLE), data).fitted.game.penalty == weight


def test_a_gan_learns_where_points_lie():
    life = fit(
        GAN, GANConfig(latent=2, width=32, depth=2, lr=0.005), "gaussians:modes=1,radius=3,task=sampling", steps=300
    )
    before = life.measure().score
    life.run(300)
    after = life.measure().score
    assert before < -1.5
    assert after > -0.2
