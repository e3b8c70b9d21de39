"""The conditional VAE: samples of a class are of that class, and what it bounds is ln p(x, y)."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from daedalus.core.data import load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.fitting import Fit, tensors
from daedalus.core.generating import Condition
from daedalus.core.spec import parse_spec
from daedalus.generative.latent.conditional import ConditionalVAE
from daedalus.generative.latent.sampling import Drawing
from daedalus.generative.latent.vae import VAEConfig

from .toys import bits


@pytest.fixture(scope="module")
def digits():
    data = load_data(parse_spec("digits:task=density"))
    with threads(1):
        made = Fit(data, ConditionalVAE, VAEConfig(latent=6, width=128, lr=3e-3), 0, 300)
        made.run(300)
    made.fitted.module.eval()
    return made.fitted


def test_samples_of_a_class_are_taken_for_that_class(digits):
    """Neighbours find the class of 89 % of real test digits; of samples they are to find it as often, or nearly."""
    train, test = digits.data.train.arrays, digits.data.test.arrays
    judge = KNeighborsClassifier(5).fit(train["x"].reshape(-1, 64), train["y"])
    assert judge.score(test["x"].reshape(-1, 64), test["y"]) > 0.85
    y = torch.arange(10).repeat(20)
    condition = Condition(y=y, options=Drawing(likeliest=True))
    x = digits.sample(200, condition, torch_generator(0, "sample"))
    assert x.dtype == torch.uint8
    assert judge.score(x.reshape(-1, 64).numpy(), y.numpy()) > 0.85
    shifted = judge.score(x.reshape(-1, 64).numpy(), (y.numpy() + 1) % 10)
    assert shifted < 0.1


def test_what_it_says_is_of_x_and_its_class(digits):
    batch = tensors(digits.data.test, np.arange(50), torch.device("cpu"))
    with torch.no_grad():
        found = digits.bounds(batch, 4, torch_generator(0, "bounds"))
    shares = np.bincount(digits.data.train.arrays["y"], minlength=10) + 0.5
    log_share = torch.from_numpy(np.log(shares / shares.sum())).float()[batch["y"]]
    torch.testing.assert_close(found["elbo"], found["reconstruction"] - found["kl"] + log_share)


def test_classes_are_drawn_as_often_as_the_training_part_has_them():
    data = bits(size=400, rare=0.1)
    made = ConditionalVAE.build(data, VAEConfig(width=8), torch_generator(0, "init"))
    drawn = made.drawn_classes(20_000, torch_generator(0, "classes"))
    share = (data.train.arrays["y"].sum() + 0.5) / 401
    assert float(drawn.float().mean()) == pytest.approx(share, abs=5 * 0.3 / np.sqrt(20_000))
