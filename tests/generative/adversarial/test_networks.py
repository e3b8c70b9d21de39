"""What goes in and comes out of both networks, and what is refused."""

import pytest
import torch
from torch import nn

from daedalus.core.data import load_data
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.generative.adversarial.conditional_gan import ConditionalGAN, ConditionalGANConfig
from daedalus.generative.adversarial.config import AdversarialConfig
from daedalus.generative.adversarial.dcgan import DCGAN, DCGANConfig
from daedalus.generative.adversarial.gan import GAN, GANConfig
from daedalus.generative.adversarial.networks import Generator, Sort, networks, still
from daedalus.generative.adversarial.wgan import WGAN, WGANConfig
from daedalus.generative.adversarial.wgan_gp import WGANGP, WGANGPConfig

SMALL = AdversarialConfig(latent=3, width=8, channels=(4, 6), norm="batch")


@pytest.mark.parametrize("network", ["dense", "convolutions"])
@pytest.mark.parametrize("sort", [Sort((1, 7, 5), "bits", 3), Sort((3, 8, 8), "unit"), Sort((2,), "real", 4)])
def test_examples_have_the_shape_and_range_of_the_data_and_a_score_each(sort, network):
    if network == "convolutions" and not sort.image:
        with pytest.raises(UserError, match="take network=dense"):
            networks(sort, AdversarialConfig(network="convolutions"), torch_generator(0, "init"))
        return
    config = AdversarialConfig(latent=3, width=8, channels=(4, 6), network=network)
    both = networks(sort, config, torch_generator(0, "init"))
    y = torch.arange(5) % sort.classes if sort.classes else None
    u = torch.rand(5, *sort.shape, generator=torch_generator(0, "u")) if sort.range == "bits" else None
    x = both["generator"](torch.randn(5, 3, generator=torch_generator(0, "z")), u, y)
    assert x.shape == (5, *sort.shape)
    assert both["critic"](x, y).shape == (5,)
    if sort.range != "real":
        assert 0 <= x.min() <= x.max() <= 1
    if sort.range == "bits":
        assert set(x.unique().tolist()) == {0.0, 1.0}


def test_a_bit_is_one_as_often_as_its_logit_says_and_passes_the_gradient_of_the_relaxed_one():
    logits = torch.tensor([[-1.0, 0.0, 2.0]], requires_grad=True)
    make = Generator(nn.Identity(), Sort((3,), "bits"))
    u = torch.rand(40_000, 3, generator=torch_generator(0, "u"))
    x = make(logits.expand(40_000, 3), u)
    p = torch.sigmoid(logits.detach())[0]
    error = (p * (1 - p) / 40_000).sqrt()
    assert ((x.detach().mean(0) - p).abs() < 4 * error).all()  # false alarms: 2 in 10,000; the seed is fixed
    (slope,) = torch.autograd.grad(x[:1].sum(), logits)
    soft = torch.sigmoid(logits.detach() + torch.logit(u[:1]))
    torch.testing.assert_close(slope, soft * (1 - soft), rtol=1e-4, atol=1e-6)


def test_who_is_only_asked_keeps_its_statistics():
    both = networks(Sort((1, 8, 8), "unit"), SMALL, torch_generator(0, "init"))
    maker = both["generator"].train()
    z = torch.randn(6, 3, generator=torch_generator(0, "z"))
    before = {name: buffer.clone() for name, buffer in maker.named_buffers()}
    assert before
    asked = still(maker, z)
    assert all(torch.equal(buffer, before[name]) for name, buffer in maker.named_buffers())
    assert torch.equal(asked, maker(z))  # by the batch's own statistics all the same
    assert any(not torch.equal(buffer, before[name]) for name, buffer in maker.named_buffers())


@pytest.mark.parametrize(
    ("model", "config", "data", "said"),
    [
        (GAN, GANConfig(), "digits:task=sampling,pixels=gray", "pixels=real"),
        (DCGAN, DCGANConfig(), "gaussians:task=sampling", "dcgan makes images"),
        (DCGAN, DCGANConfig(channels=(4, 4, 4, 4)), "digits:task=sampling", "cannot be halved 4 times"),
        (ConditionalGAN, ConditionalGANConfig(), "mazes:n=3,task=sampling", "no classes"),
        (WGANGP, WGANGPConfig(critic_norm="batch"), "digits:task=sampling", "take layer, or none"),
        (WGAN, WGANConfig(batch=0), "gaussians:task=sampling", "without end"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_a_line(model, config, data, said):
    with pytest.raises(UserError, match=said):
        model.check(load_data(parse_spec(data)), config)


@pytest.mark.parametrize(
    ("config", "settings", "said"),
    [
        (GANConfig, {"critic_steps": 0}, "critic_steps must be at least 1"),
        (GANConfig, {"latent": 0}, "latent must be at least 1"),
        (GANConfig, {"channels": ()}, "at least one stage"),
        (GANConfig, {"critic_lr": 0.0}, "critic_lr must be positive"),
        (WGANConfig, {"clip": 0.0}, "clip must be positive"),
        (WGANGPConfig, {"penalty": 0.0}, "the model is wgan's"),
    ],
)
def test_bad_settings_are_refused_in_a_line(config, settings, said):
    with pytest.raises(UserError, match=said):
        config(**settings)
