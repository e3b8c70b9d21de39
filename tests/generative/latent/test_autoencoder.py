"""The plain autoencoder: linear it is principal components, and one that must guess what is hidden."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from daedalus.core.data import load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.fitting import Fit, tensors
from daedalus.core.noise import Noise
from daedalus.core.spec import Spec, parse_spec
from daedalus.generative.latent.autoencoder import Autoencoder, AutoencoderConfig

from .toys import bits, reals


def test_a_linear_autoencoder_leaves_what_principal_components_leave():
    data = load_data(parse_spec("digits:task=reconstruction,whole=true"))
    with threads(1):
        made = Fit(
            data, Autoencoder, AutoencoderConfig(latent=4, depth=0, batch=0, lr=0.1, schedule=Spec("cosine")), 0, 300
        )
        made.run(150)
    x = data.train.take(np.arange(1500))["x"].reshape(1500, 64)
    pca = PCA(4).fit(x)
    best = np.square(x - pca.inverse_transform(pca.transform(x))).sum(1).mean()
    scores = made.fitted.scores(tensors(data.train, np.arange(1500), torch.device("cpu")), torch_generator(0, "scores"))
    left = -float(scores["minus_squared_error"].detach().mean())
    assert best * (1 - 1e-5) <= left < best * 1.01


@pytest.mark.parametrize("data", [bits("reconstruction", values=3), reals("reconstruction")])
def test_what_is_hidden_is_at_its_mean(data):
    made = Autoencoder.build(data, AutoencoderConfig(width=8, corruption=0.5), torch_generator(0, "init"))
    x = tensors(data.train, np.arange(90), torch.device("cpu"))["x"]
    seen = made._corrupted(x, Noise(torch_generator(0, "noise")))
    hidden = seen != x.float()
    mean = (made.coder.mean * made.coder.top).expand_as(seen)
    assert torch.equal(seen[hidden], mean[hidden])
    assert float(hidden.float().mean()) == pytest.approx(0.5, abs=0.06)
    assert made._corrupted(x, Noise(torch_generator(1, "noise"))).ne(seen).any()
