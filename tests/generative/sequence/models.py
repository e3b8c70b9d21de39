"""Small causal models of every kind, and the data they are tried on."""

from dataclasses import replace

import numpy as np
import torch

from daedalus.core.data import LOG_PROBABILITY, PER_TOKEN, Column, Data, Held
from daedalus.core.spec import Spec
from daedalus.generative.data.mazes import mazes
from daedalus.generative.sequence.gpt import GPT, GPTConfig
from daedalus.generative.sequence.recurrent import GRU, LSTM, RNN, GRUConfig, LSTMConfig, RNNConfig
from daedalus.generative.sequence.tcn import TCN, TCNConfig
from daedalus.generative.sequence.words import BagOfWords, BagOfWordsConfig

GPTS = {
    "gpt": GPTConfig(width=16, depth=2, heads=2),
    "gpt, learned": GPTConfig(width=16, depth=2, heads=2, positions="learned", tied=True),
}
#: Each with a model and a config; every causal model that trains stands here.
CAUSAL = {
    "bag_of_words": (BagOfWords, BagOfWordsConfig(width=8)),
    "rnn": (RNN, RNNConfig(width=8, depth=2)),
    "rnn, identity": (RNN, RNNConfig(width=8, activation="relu", identity=True)),
    "lstm": (LSTM, LSTMConfig(width=8, depth=2)),
    "gru": (GRU, GRUConfig(width=8, tied=True)),
    "tcn": (TCN, TCNConfig(width=8, depth=2)),
    **{name: (GPT, config) for name, config in GPTS.items()},
}


def text(length: int = 6, size: int = 40, values: int = 5) -> Data:
    """Windows that go on from each other, of a text whose next token is mostly the sum of the last two."""
    generator = np.random.default_rng(0)
    whole = [1, 2]
    for noise in generator.random(length * size):
        whole.append((whole[-1] + whole[-2]) % values if noise < 0.9 else int(noise * 1000) % values)
    starts = np.arange(size)[:, None] * length + np.arange(length)
    x, y = np.array(whole)[starts], np.array(whole)[starts + 1]
    part = Held({"x": x, "y": y, "w": np.ones(x.shape, np.float32), "tokens": np.full(size, length, np.float32)})
    token = Column((length,), "int64", values)
    fields = {"x": token, "y": token, "w": Column((length,), "float32"), "tokens": Column((), "float32")}
    return Data("text", "sequence", fields, part, part, part, PER_TOKEN)


def images(values: int = 3) -> Data:
    """Four pictures of 2 × 2 whole numbers."""
    x = np.random.default_rng(0).integers(0, values, (4, 1, 2, 2)).astype(np.uint8)
    part = Held({"x": x})
    return Data("pictures", "density", {"x": Column((1, 2, 2), "uint8", values)}, part, part, part, LOG_PROBABILITY)


def small_mazes() -> Data:
    """Mazes of 3 × 3 cells, 12 bits."""
    return mazes(n=3)


def built(name: str, data: Data, seed: int = 0, scale: float = 3.0, **settings: object):
    """A model with fresh weights, `scale` times as large as they begin, so that what it says depends on what it read.

    Biases and norms are drawn as well, for zeros and ones would hide mistakes.
    """
    model, config = CAUSAL[name]
    config = replace(config, **settings)
    generator = torch.Generator().manual_seed(seed)
    model.check(data, config)
    fitted = model.build(data, config, generator)
    with torch.no_grad():
        for weight in fitted.module.parameters():
            weight.mul_(scale).add_(torch.randn(weight.shape, generator=generator), alpha=0.1)
    fitted.module.eval()
    return fitted


CONSTANT = {"schedule": Spec("constant")}
