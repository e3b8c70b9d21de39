"""What tests of these models share: small models, small images, and their seeds."""

import numpy as np
import torch

from daedalus.core.data import LOG_PROBABILITY, Column, Data, Held
from daedalus.core.spec import parse_spec
from daedalus.generative.autoregressive.made import MADE, MADEConfig
from daedalus.generative.autoregressive.pixelcnn import PixelCNN, PixelCNNConfig
from daedalus.generative.autoregressive.pixelrnn import PixelRNN, PixelRNNConfig

#: Every model as small as shows all of it, by a name.
SMALL = {
    "made": (MADE, MADEConfig(width=16, batch=8)),
    "made, drawn order": (MADE, MADEConfig(width=40, ordering="drawn", direct=False, dropout=0.2, batch=8)),
    "made, a mixture": (MADE, MADEConfig(width=16, ordering="drawn", masks=3, batch=8)),
    "pixelcnn": (PixelCNN, PixelCNNConfig(width=6, depth=3, batch=8)),
    "pixelcnn, residual": (PixelCNN, PixelCNNConfig(width=6, depth=3, residual="both", first=3, dropout=0.2, batch=8)),
    "pixelrnn": (PixelRNN, PixelRNNConfig(width=6, depth=2, dropout=0.2, batch=8)),
}


def striped(shape: tuple[int, ...] = (1, 3, 4), values: int = 2, examples: int = 40) -> Data:
    """Images whose numbers mostly equal their left neighbour's; y says with which the first row begins."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, values, examples)
    x = np.broadcast_to(y[:, None, None, None], (examples, *shape)).copy()
    noisy = rng.random(x.shape) < 0.2
    x[noisy] = rng.integers(0, values, noisy.sum())
    arrays = {"x": x.astype(np.uint8), "y": y.astype(np.int64)}
    parts = [Held({name: array[k::4] for name, array in arrays.items()}) for k in (0, 1, 2)]
    fields = {"x": Column(shape, "uint8", values), "y": Column((), "int64", values)}
    return Data("striped", "density", fields, *parts, LOG_PROBABILITY, form=parse_spec("image"))


def built(name, data: Data, seed: int = 0):
    """A fresh model of that name, or of (model, config), in evaluation mode."""
    model, config = SMALL[name] if isinstance(name, str) else name
    fitted = model.build(data, config, seeded(seed))
    fitted.module.eval()
    return fitted


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
