"""What does not belong has the higher score."""

import numpy as np
import pytest
import torch

from daedalus.core.device import torch_generator
from daedalus.core.fitting import Fit, tensors
from daedalus.generative.latent.outliers import detection, outlier_scores
from daedalus.generative.latent.vae import VAE, VAEConfig

from .toys import bits


def test_detection_by_hand():
    assert detection(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0])) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_shuffled_examples_are_outliers():
    data = bits(size=256)
    made = Fit(data, VAE, VAEConfig(width=16, latent=2, lr=0.01), 0, 120)
    made.run(120)
    batch = tensors(data.test, np.arange(24), torch.device("cpu"))
    strange = batch["x"].flatten(1)[:, torch.randperm(16, generator=torch_generator(0, "order"))].reshape(-1, 1, 4, 4)
    draw = torch_generator(0, "scores")
    with torch.no_grad():
        inside, outside = (outlier_scores(made.fitted, {"x": x}, draw) for x in (batch["x"], strange))
    assert detection(inside, outside) > 0.95
