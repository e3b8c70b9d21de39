"""Bounds of ln p(x): by hand, in closed form, and of linear models against principal components, known exactly."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from daedalus.core.data import load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.fitting import Fit, tensors
from daedalus.core.noise import Noise
from daedalus.core.objective import Phase
from daedalus.core.spec import Spec, parse_spec
from daedalus.generative.latent import variational
from daedalus.generative.latent.bounds import Posterior, elbo, importance_bound, sampled_elbo
from daedalus.generative.latent.conditional import ConditionalVAE
from daedalus.generative.latent.vae import IWAE, VAE, BetaVAE, BetaVAEConfig, IWAEConfig, VAEConfig
from daedalus.generative.latent.variational import Timed

from .toys import bits, reals


def some_posterior(batch=4, latent=3):
    draw = torch_generator(0, "posterior")
    return Posterior(torch.randn(batch, latent, generator=draw), 0.5 * torch.randn(batch, latent, generator=draw))


def test_the_divergence_is_the_closed_form():
    q = some_posterior()
    wanted = kl_divergence(Normal(q.mean, q.log_std.exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(q.kl(), wanted)
    by_hand = Posterior(torch.tensor([[2.0]]), torch.tensor([[math.log(0.5)]]))
    assert float(by_hand.kl()) == pytest.approx(0.5 * (0.25 + 4 - 1) + math.log(2))


def test_the_log_ratio_is_that_of_the_densities():
    q, draw = some_posterior(), torch_generator(1, "noise")
    z = q.at(torch.randn(5, 4, 3, generator=draw))
    wanted = (Normal(0.0, 1.0).log_prob(z) - Normal(q.mean, q.log_std.exp()).log_prob(z)).sum(-1)
    torch.testing.assert_close(q.log_ratio(z), wanted)
    many = q.at(torch.randn(200_000, 4, 3, generator=draw))  # −E_q of it is the divergence; 5 deviations: 1e-6
    ratio = q.log_ratio(many)
    assert ((-ratio.mean(0) - q.kl().sum(-1)).abs() < 5 * ratio.std(0) / math.sqrt(200_000)).all()


def test_bounds_by_hand():
    q = Posterior(torch.zeros(1, 1), torch.zeros(1, 1))  # equal to the prior: ratio and divergence are 0
    log_p, z = torch.tensor([[math.log(0.2)], [math.log(0.6)]]), torch.tensor([[[0.3]], [[-1.0]]])
    assert float(importance_bound(log_p, q, z)) == pytest.approx(math.log(0.4))
    assert float(elbo(log_p, q, z)) == pytest.approx(0.5 * (math.log(0.2) + math.log(0.6)))
    assert float(sampled_elbo(log_p, q, z)) == pytest.approx(float(elbo(log_p, q, z)))


def test_more_samples_bound_more_tightly_and_never_above():
    """p(x | z) = N(x; z, 1), so p(x) = N(0, 2); q is wrong on purpose. Fixed noise; deviations of the means < 0.003."""
    x, q = torch.tensor([[1.5]]), Posterior(torch.tensor([[0.2]]), torch.tensor([[0.0]]))
    z = q.at(torch.randn(64 * 20_000, 1, 1, generator=torch_generator(0, "noise")))
    log_p = Normal(z[..., 0], 1.0).log_prob(x[:, 0])
    exact = float(Normal(0.0, math.sqrt(2)).log_prob(torch.tensor(1.5)))
    means = []
    for k in (1, 2, 8, 64):
        groups = zip(log_p.reshape(k, -1), z.reshape(k, -1, 1), strict=True)
        log_p_k, z_k = (torch.stack(parts) for parts in zip(*groups, strict=True))
        wide = Posterior(q.mean.expand(z_k.shape[1], 1), q.log_std.expand(z_k.shape[1], 1))
        means.append(float(importance_bound(log_p_k, wide, z_k).mean()))
    assert means == sorted(means)
    assert means[0] == pytest.approx(float(elbo(log_p, q, z)), abs=0.01)
    assert exact - 0.02 < means[-1] < exact + 0.01


def loss_and_gradient(model, config, data, phase=None):
    made = model.build(data, config, torch_generator(0, "init"))
    loss, told = made.loss(
        phase or Phase(), tensors(data.train, np.arange(9), torch.device("cpu")), Noise(torch_generator(0, "noise"))
    )
    loss.backward()
    return loss.detach(), [p.grad for p in made.module.parameters()], told


@pytest.mark.parametrize("data", [bits(), reals()])
def test_one_sample_of_the_importance_bound_is_the_elbo_to_the_bit(data):
    settings = {"width": 8, "latent": 3}
    one = loss_and_gradient(IWAE, IWAEConfig(samples=1, **settings), data)
    other = loss_and_gradient(VAE, VAEConfig(kl="sampled", **settings), data)
    assert torch.equal(one[0], other[0])
    for mine, theirs in zip(one[1], other[1], strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)
    many = loss_and_gradient(IWAE, IWAEConfig(samples=50, **settings), data)
    assert many[0] < one[0]


def test_beta_1_is_the_vae_to_the_bit():
    data, settings = bits(), {"width": 8, "latent": 3, "batch": 16}
    plain, one, four = (
        Fit(data, model, config, 0, 12)
        for model, config in [
            (VAE, VAEConfig(**settings)),
            (BetaVAE, BetaVAEConfig(beta=1.0, **settings)),
            (BetaVAE, BetaVAEConfig(beta=4.0, **settings)),
        ]
    )
    for made in (plain, one, four):
        made.run(12)
    for key, array in plain.weights().items():
        np.testing.assert_array_equal(one.weights()[key], array)
    assert any((four.weights()[key] != array).any() for key, array in plain.weights().items())


def test_the_weight_of_the_prior_warms_up():
    data, config = bits(), BetaVAEConfig(width=8, latent=3, beta=2.0, warm_up=10)
    made = BetaVAE.build(data, config, torch_generator(0, "init"))
    assert [made.weight(Timed(step=step)) for step in (0, 5, 10, 99)] == [0.0, 1.0, 2.0, 2.0]
    assert made.weight(made.phases(5)[0]) == 1.0
    cold, hot = (loss_and_gradient(BetaVAE, config, data, Timed(step=step)) for step in (0, 10))
    torch.testing.assert_close(cold[0], -cold[2]["reconstruction"])
    torch.testing.assert_close(hot[0], -hot[2]["reconstruction"] + 2 * hot[2]["kl"])


class LinearTruth:
    """ln p(x) and the ELBO of a linear model, exactly: x = W z + b + noise of deviation σ (Tipping & Bishop 1999)."""

    def __init__(self, model):
        self.model, coder = model, model.coder
        with torch.no_grad():
            self.w = coder.decoder.outputs.weight.double()
            self.b = (coder.decoder.outputs.bias + coder.base[0]).double()
            self.variance = coder.emission.deviation.double() ** 2

    def log_p(self, x):
        x = torch.as_tensor(x).flatten(1).double()
        covariance = self.w @ self.w.T + self.variance * torch.eye(x.shape[1])
        return MultivariateNormal(self.b, covariance).log_prob(x)

    def elbo(self, x):
        with torch.no_grad():
            q = self.model.posterior(torch.as_tensor(x))
        x, mean, variance = torch.as_tensor(x).flatten(1).double(), q.mean.double(), (2 * q.log_std.double()).exp()
        error = (x - mean @ self.w.T - self.b).square().sum(1) + (variance * self.w.square().sum(0)).sum(1)
        constant = 0.5 * x.shape[1] * torch.log(2 * torch.pi * self.variance)
        return -constant - error / (2 * self.variance) - q.kl().double().sum(1)


@pytest.fixture(scope="module")
def linear():
    """Two units, no hidden layers, all 1,500 real digits at every step."""
    data = load_data(parse_spec("digits:task=density,pixels=real,whole=true"))
    config = VAEConfig(latent=2, depth=0, batch=0, lr=0.1, schedule=Spec("cosine"))
    with threads(1):
        made = Fit(data, VAE, config, 0, 500)
        made.run(500)
    parts = [part.take(np.arange(part.size))["x"] for part in (data.train, data.test)]
    return made.fitted, LinearTruth(made.fitted), *parts


def test_a_linear_vae_is_probabilistic_pca(linear):
    _, truth, train, test = linear
    exact = PCA(2).fit(train.reshape(len(train), -1).astype(np.float64))
    best, held = exact.score(train.reshape(len(train), -1)), exact.score(test.reshape(len(test), -1))
    assert best == pytest.approx(-0.0156, abs=1e-4)
    assert held == pytest.approx(-0.1225, abs=1e-4)
    reached = float(truth.elbo(train).mean())
    assert best - 0.02 < reached <= best  # from below
    assert float(truth.log_p(train).mean()) <= best + 1e-4
    assert float(truth.elbo(test).mean()) == pytest.approx(held, abs=0.03)
    turned = np.linalg.svd(truth.w.numpy(), full_matrices=False)[0]
    cosines = np.linalg.svd(turned.T @ exact.components_.T)[1]
    assert cosines.min() > 0.999  # the same plane


def test_no_bound_is_above_the_likelihood_of_a_linear_model(linear):
    model, truth, _, test = linear
    x = torch.from_numpy(test[:100])
    worse = VAE.build(model.data, VAEConfig(latent=2, depth=0), torch_generator(1, "init"))  # q is far from right
    for made, known in ((model, truth), (worse, LinearTruth(worse))):
        exact, lower = known.log_p(x), known.elbo(x)
        assert (lower <= exact + 1e-6).all()  # every single one
        # E[bound] ≤ ln p; a mean of 100 examples lies less than 5 of its deviations above: false alarms below 1e-5.
        with torch.no_grad():
            for samples in (1, 64):
                found = made.bounds({"x": x}, samples, torch_generator(0, "bounds"))
                gap = found["bound"].double() - exact
                assert gap.mean() <= 5 * gap.std() / 10
                by_noise = found["elbo"].double() - lower
                assert by_noise.mean().abs() <= 5 * by_noise.std() / 10 + 1e-3
            many = made.bounds({"x": x}, 1_000, torch_generator(0, "bounds"))
        assert many["bound"].mean() >= lower.mean()
    assert (truth.log_p(x) - lower).mean() > 0.1  # of the worse one there is a gap to see


def test_bounds_of_some_examples_at_a_time_are_those_of_all(monkeypatch):
    data = bits(values=3)
    made = ConditionalVAE.build(data, VAEConfig(width=8, latent=2), torch_generator(0, "init"))
    made.module.eval()
    batch = tensors(data.test, np.arange(7), torch.device("cpu"))
    with torch.no_grad():
        whole = made.bounds(batch, 4, torch_generator(0, "bounds"))
        monkeypatch.setattr(variational, "_AT_ONCE", 4 * 3 * 16 * 2)  # K · V · D of two examples
        told: list[int] = []
        log_prob = made.coder.log_prob
        monkeypatch.setattr(made.coder, "log_prob", lambda z, x, given: told.append(len(x)) or log_prob(z, x, given))
        parts = made.bounds(batch, 4, torch_generator(0, "bounds"))
    assert told == [2, 2, 2, 1]
    for name, each_B in whole.items():
        torch.testing.assert_close(parts[name], each_B)
