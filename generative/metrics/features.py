"""What images are compared by: the features of a small classifier fitted here to the data's own classes.

Nothing is fetched. The classifier is the same for all models of a data set, whatever their seeds: it is a function of
the data alone, and kept in the cache folder. Images without classes are seen by the same network as it is drawn.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.arrays import Ints
from daedalus.core.compiled import cache_root
from daedalus.core.data import ACCURACY, Column, Data, Examples, Made
from daedalus.core.device import threads, torch_generator
from daedalus.core.errors import UserError
from daedalus.core.files import make_folder, read_arrays, write_arrays
from daedalus.core.fitting import Fit, load, weights_of
from daedalus.core.nn.cnn import CNN
from daedalus.core.supervised.cnn import CNNConfig, Convolutional

WIDTH, STEPS = 64, 600
_AT_ONCE = 250
_STANDARD = 2_000  # training examples that features are standardised by
_NOTHING = 1e-6  # a deviation below it is that of a feature that says nothing
_RULE = 1  # counts up when what is fitted changes


class Features(nn.Module):
    """Images x (N, C, H, W) of numbers in [0, 1] → features (N, 64); `fitted` where a classifier gives them.

    They are what the hidden layer says, each by its mean and deviation over real images.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Sequential, fitted: bool, real: Tensor) -> None:
        super().__init__()
        self.network, self.fitted = network.eval(), fitted
        seen = self._seen(real)
        deviation = seen.std(dim=0)
        self.register_buffer("mean", seen.mean(dim=0))
        self.register_buffer("deviation", torch.where(deviation > _NOTHING, deviation, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Standardised features."""
        return (self._seen(x) - self.mean) / self.deviation

    def _seen(self, x: Tensor) -> Tensor:
        body = self.network[:-1] if self.fitted else self.network
        with torch.no_grad(), threads(1):
            return torch.cat([body(some) for some in torch.split(x, _AT_ONCE)]).double()

    def classes(self, x: Tensor) -> Tensor:
        """The likeliest class of each image, (N,). Raises `UserError` where there is no classifier."""
        if not self.fitted:
            raise UserError("images without classes have no classifier")
        with torch.no_grad(), threads(1):
            return torch.cat([self.network(some).argmax(dim=1) for some in torch.split(x, _AT_ONCE)])


@functools.lru_cache(maxsize=1)
def features(data: Data) -> Features:
    """The network that a data set of images (C, H, W) is seen by: fitted once, if there are classes, and then kept."""
    shape, seen = data.fields["x"].shape, _shares(data.train, data.fields["x"].values)
    config = CNNConfig(width=WIDTH, depth=_stages(shape), device="cpu", precision="float32")
    some = torch.from_numpy(seen.take(np.arange(min(_STANDARD, seen.size or _STANDARD)))["x"])
    if "y" in data.fields:
        return Features(_classifier(data, config), True, some)
    drawn = CNN(config.stages, pooling=config.pooling, width=WIDTH)
    return Features(drawn.build(shape, torch_generator(0, "features")), False, some)


def _classifier(data: Data, config: CNNConfig) -> nn.Sequential:
    """Fitted by cross-entropy to the training part, or read from the cache."""
    fit = Fit(_labelled(data), Convolutional, config, 0, STEPS)
    module = fit.fitted.objective.module
    kept = cache_root() / "features" / f"{data.name}-{data.fingerprint()}-{_RULE}.safetensors"
    if not _loaded(module, kept):
        with threads(1), torch.enable_grad():  # whoever asks may have switched gradients off
            fit.run(STEPS)
        make_folder(kept.parent)
        write_arrays(kept, weights_of(module))
    assert isinstance(module, nn.Sequential)
    return module


def _stages(shape: tuple[int, ...]) -> int:
    """As many as can halve the picture, two at most."""
    return max(1, min(2, int(np.log2(min(shape[1:])))))


def _loaded(module: nn.Module, kept: Path) -> bool:
    """Whether the weights could be read; a file that is damaged counts as none."""
    if not kept.exists():
        return False
    try:
        load(module, read_arrays(kept, "")[0])
    except (UserError, RuntimeError):
        return False
    return True


def _labelled(data: Data) -> Data:
    """The same images as a problem of classification, their pixels from 0 to 1."""
    x = Column(data.fields["x"].shape, "float32")
    train, validation, test = (_shares(part, data.fields["x"].values) for part in data.parts.values())
    fields = {"x": x, "y": data.fields["y"]}
    return Data(data.name, "classification", fields, train, validation, test, ACCURACY)


def _shares(part: Examples, values: int | None) -> Made:
    top = np.float32(1 if values is None else max(values - 1, 1))

    def make(indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
        found = part.take(indices)
        return {**found, "x": np.asarray(found["x"], dtype=np.float32) / top}

    return Made(make, part.size)
