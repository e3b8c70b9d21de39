"""The vector-quantised autoencoder: codes by hand, the gradient that passes, and its bound against all codes."""

import itertools

import numpy as np
import pytest
import torch

from daedalus.core.device import torch_generator
from daedalus.core.fitting import Fit, tensors
from daedalus.core.generating import Condition
from daedalus.core.noise import Noise
from daedalus.generative.latent.codebook import Codebook, around, nearest, perplexity, straight_through
from daedalus.generative.latent.vq_vae import VQVAE, VQVAEConfig

from .toys import bits

CPU = torch.device("cpu")


def test_the_nearest_code_by_hand():
    codes = torch.tensor([[0.0, 0.0], [1.0, 1.0], [-3.0, 0.0]])
    e = torch.tensor([[[0.4, 0.4], [0.6, 0.6], [-1.6, 0.0]]])
    assert nearest(e, codes).tolist() == [[0, 1, 2]]


def test_the_codes_around_differ_in_one_place_by_hand():
    codes, e = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[[0.1], [4.0]]])
    assert around(e, codes, 0).tolist() == [[[0, 2]]]
    assert around(e, codes, 1).tolist() == [[[0, 2]], [[1, 2]], [[0, 1]]]
    every = around(e, codes, 2)[:, 0].tolist()
    assert every == [[0, 2], [1, 2], [2, 2], [0, 1], [0, 0]]


def test_the_gradient_passes_straight_through_by_hand():
    """Loss (c − t)² + β(e − c)²: with e = .4, c = 0, t = 1 the gradient to e is 2(c − t) + 2β(e − c) = −2 + .2."""
    for learnt, moved in (("ema", None), ("gradient", 2 * (0.0 - 0.4))):
        book = Codebook(torch.tensor([[0.0], [1.0]]), learnt, 0.9)
        e = torch.tensor([[[0.4]]], requires_grad=True)
        indices = nearest(e, book.vectors)
        z = straight_through(e, book(indices))
        assert z.flatten().tolist() == pytest.approx([0])
        loss = (z - 1).square().sum() + book.distance(e, indices, 0.25).sum()
        loss.backward()
        assert float(e.grad.sum()) == pytest.approx(-2 + 0.2)
        if moved is None:
            assert not list(book.parameters())
        else:  # the code hears of e alone, never of the decoder
            assert book.vectors.grad.flatten().tolist() == pytest.approx([moved, 0])


def test_averages_by_hand():
    """Of each code n ← .9 n + .1 · count, m ← .9 m + .1 · Σ e, c = m / n (appendix A.1)."""
    book = Codebook(torch.tensor([[0.0], [1.0]]), "ema", 0.9)
    e = torch.tensor([[[0.2]], [[0.4]], [[2.0]]])
    book.follow(e, nearest(e, book.vectors), Noise(torch_generator(0, "noise")))
    sizes = [0.9 + 0.2, 0.9 + 0.1]
    assert book.size.tolist() == pytest.approx(sizes)
    assert book.vectors.flatten().tolist() == pytest.approx([0.06 / sizes[0], (0.9 + 0.2) / sizes[1]])


def test_a_code_that_nothing_takes_begins_anew_in_the_batch():
    book = Codebook(torch.tensor([[0.0], [50.0]]), "ema", 0.5)
    e = torch.tensor([[[0.1]], [[-0.1]], [[0.2]], [[-0.2]]])
    for _ in range(8):
        book.follow(e, nearest(e, book.vectors), Noise(torch_generator(0, "noise")))
    assert (book.vectors.abs() <= 0.2 + 1e-6).all()


def test_perplexity_counts_codes_in_use():
    assert float(perplexity(torch.tensor([[0, 1], [2, 3]]), 8)) == pytest.approx(4)
    assert float(perplexity(torch.tensor([[5, 5]]), 8)) == pytest.approx(1)


@pytest.fixture(scope="module")
def small():
    config = VQVAEConfig(
        width=8,
        latent=2,
        positions=2,
        codes=3,
        prior_width=8,
        prior_heads=2,
        prior_depth=1,
        lr=0.02,
        batch=32,
        neighbours=2,
    )
    made = Fit(bits(size=256), VQVAE, config, 0, 60)
    made.run(60)
    made.fitted.module.eval()
    return made.fitted


def test_the_prior_sums_to_one_and_the_bound_is_no_more_than_the_sum_over_all_codes(small):
    every = torch.tensor(list(itertools.product(range(3), repeat=2)))  # all nine
    x = tensors(small.data.test, np.arange(24), CPU)["x"]
    with torch.no_grad():
        assert float(small.log_prior(every).exp().sum()) == pytest.approx(1, abs=1e-5)
        joint = torch.stack([small.log_joint(x, one.expand(len(x), 2)) for one in every])
        exact = torch.logsumexp(joint, 0)
        bound = small.log_prob({"x": x}, torch_generator(0, "bound"))
        own = small.log_joint(x, small.indices(x))
    assert (bound <= exact + 1e-5).all()
    assert (bound > own).all()
    assert (exact - bound).mean() < 0.5 * (exact - own).mean()


def test_codes_are_drawn_as_often_as_the_prior_says(small):
    """Frequencies of nine codes among 4,000 draws, within 5 deviations: a false alarm in 10⁵."""
    from daedalus.generative.sequence.generating import Choice, continued

    every = torch.tensor(list(itertools.product(range(3), repeat=2)))
    with torch.no_grad():
        p = small.log_prior(every).exp()
        first = torch.full((4_000, 1), 3)
        drawn = continued(small.prior, first, 3, Choice(), torch_generator(0, "codes"))[:, 1:]
    share = torch.bincount(drawn[:, 0] * 3 + drawn[:, 1], minlength=9) / 4_000
    assert ((share - p).abs() < 5 * (p * (1 - p) / 4_000).sqrt() + 1e-3).all()
    assert small.sample(7, Condition(), torch_generator(0, "x")).shape == (7, 1, 4, 4)


def test_what_the_prior_learns_changes_nothing_else():
    """Codes pass no gradient: without the prior's part of the loss the rest has the same gradients."""
    made = VQVAE.build(bits(), VQVAEConfig(width=8, prior_width=8, prior_heads=2), torch_generator(0, "init"))
    made.module.eval()
    batch = tensors(made.data.train, np.arange(8), CPU)
    loss, _ = made.loss(made.phases(0)[0], batch, Noise(torch_generator(0, "noise")))
    whole = torch.autograd.grad(loss, list(made.coder.parameters()), retain_graph=True)
    rest = loss + made.log_prior(made.indices(batch["x"])).mean()
    for one, other in zip(whole, torch.autograd.grad(rest, list(made.coder.parameters())), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("learnt", ["ema", "gradient"])
def test_many_codes_come_to_be_used(learnt):
    data = bits(values=4, size=256)
    config = VQVAEConfig(width=16, latent=2, positions=4, codes=16, codebook=learnt, lr=0.01, batch=32, prior_width=16)
    made = Fit(data, VQVAE, config, 0, 80)
    made.run(80)
    indices = made.fitted.indices(tensors(data.train, np.arange(256), CPU)["x"])
    assert float(perplexity(indices, 16)) > 5
