"""Models that are told classes say ln p(x, y), so that none of them passes what any model of x can reach."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from daedalus.core.data import LOG_PROBABILITY, Column, Data, Held, load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.fitting import Fit, tensors
from daedalus.core.spec import Spec, parse_spec
from daedalus.generative.autoregressive.pixelcnn import PixelCNN, PixelCNNConfig
from daedalus.generative.diffusion.config import DDPMConfig
from daedalus.generative.diffusion.ddpm import DDPM
from daedalus.generative.fitted import log_shares
from daedalus.generative.latent.conditional import ConditionalVAE
from daedalus.generative.latent.vae import VAEConfig

_SMALL = {"batch": 128, "width": 32, "watched": 2_000}
_RARE = 0.25


def gaussians() -> Data:
    """8 modes that the class tells apart: who knows it has ln 8 = 2.08 nats less to say."""
    return load_data(parse_spec("gaussians:tested=2_000"))


def coins() -> Data:
    """Images that are their class through and through: H(x) = H(y), and given y there is nothing left to say."""

    def part(n: int) -> Held:
        y = (np.arange(n) < _RARE * n).astype(np.int64)
        return Held({"x": np.broadcast_to(y[:, None, None, None], (n, 1, 3, 3)).astype(np.uint8), "y": y})

    entropy = -(_RARE * np.log(_RARE) + (1 - _RARE) * np.log(1 - _RARE))
    fields = {"x": Column((1, 3, 3), "uint8", 2), "y": Column((), "int64", 2)}
    return Data(
        "coins", "density", fields, part(400), part(400), part(400), LOG_PROBABILITY, -entropy, form=Spec("image")
    )


_MODELS = {
    "conditional_vae": (gaussians, ConditionalVAE, VAEConfig(**_SMALL, latent=2, depth=1, lr=3e-2), 120),
    "ddpm": (gaussians, DDPM, DDPMConfig(**_SMALL, conditional=True, depth=1, times=50, lr=1e-2, ema=0.9), 300),
    "pixelcnn": (
        coins,
        PixelCNN,
        PixelCNNConfig(**_SMALL | {"width": 8}, conditional=True, depth=1, first=3, lr=0.05),
        80,
    ),
}


@pytest.mark.parametrize("name", _MODELS)
def test_who_knows_the_class_stays_below_the_ceiling_and_would_not_without_what_the_class_costs(name):
    made, model, config, steps = _MODELS[name]
    data = made()
    with threads(1):
        fit = Fit(data, model, config, 0, steps)
        fit.run(steps)
    fitted = fit.fitted
    fitted.module.eval()
    batch = tensors(data.test, np.arange(data.test.size), torch.device("cpu"))
    with torch.no_grad():
        log_p_B = fitted.log_prob(batch, torch_generator(0, "evaluation"))
    of_class_B = log_shares(data, data.fields["y"].values)[batch["y"]]
    error = 4 * float(log_p_B.std()) / np.sqrt(len(log_p_B)) + 0.01  # 4 standard errors
    assert not fitted.exact
    assert float((log_p_B - of_class_B).mean()) > data.ceiling + error  # ln p(x | y)
    assert float(log_p_B.mean()) < data.ceiling + error


def test_the_shares_of_classes_are_a_distribution_and_none_is_nought():
    data = coins()
    assert log_shares(data, 2).exp().tolist() == pytest.approx([300.5 / 401, 100.5 / 401])
    assert log_shares(data, 3).exp().tolist() == pytest.approx([300.5 / 401.5, 100.5 / 401.5, 0.5 / 401.5])


def test_one_and_the_same_shares_stand_behind_the_bound_of_a_diffusion():
    data = coins()
    told = DDPM.build(data, replace(_MODELS["ddpm"][2], channels=(8, 8), heads=0), torch_generator(0, "init"))
    y_B = torch.tensor([0, 1, 1])
    torch.testing.assert_close(told.module.log_share(y_B), log_shares(data, 2)[y_B])
