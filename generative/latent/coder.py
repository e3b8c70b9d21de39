"""An encoder and a decoder for the x of a data set: what autoencoders of every kind are made of."""

from typing import Protocol, final

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.data import Data
from daedalus.core.nn.cnn import CNN
from daedalus.core.nn.mlp import MLP
from daedalus.core.nn.transposed import TransposedCNN

from .config import CoderConfig
from .emissions import Emission, emission

_SEEN = 1024  # training examples whose mean is what the decoder begins with


class _Spec(Protocol):
    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Sequential: ...


@final
class Coder(nn.Module):
    """Encoder x → N numbers, decoder L numbers → p(x | z).

    x goes in as its difference to the mean of training examples, and what the decoder tells comes on top of what is
    told of all examples alike; so neither has to learn that. Of a conditional coder, `given` (B, C) goes in too.
    """

    mean: Tensor
    base: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        emission: Emission,
        mean: Tensor,
        base: Tensor,
        flat: bool,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.emission, self.shape = encoder, decoder, emission, mean.shape
        self._flat = flat  # whether the encoder takes vectors; otherwise grids
        self.register_buffer("mean", mean)
        self.register_buffer("base", base)
        self.top = 1 if emission.outputs == 1 else emission.outputs - 1

    def shares(self, x: Tensor) -> Tensor:
        """Whole numbers v below V as v / (V − 1), real ones as they are: (B, …) float."""
        return x.float() / self.top

    def encode(self, x: Tensor, given: Tensor | None = None) -> Tensor:
        """(B, …) as the data set has it → (B, N)."""
        inputs = self.shares(x) - self.mean
        if self._flat:
            inputs = inputs.flatten(1)
        elif given is not None:
            given = given[:, :, None, None].expand(-1, -1, *inputs.shape[2:])  # a plane for each class
        if given is not None:
            inputs = torch.cat((inputs, given), 1)
        encoded: Tensor = self.encoder(inputs)
        return encoded

    def told(self, z: Tensor, given: Tensor | None = None) -> Tensor:
        """The parameters of p(x | z): (…, B, L) → (…, B, P, D)."""
        if given is not None:
            z = torch.cat((z, given.expand(*z.shape[:-1], -1)), -1)
        flat: Tensor = self.decoder(z.reshape(-1, z.shape[-1]))
        return flat.reshape(*z.shape[:-1], *self.base.shape) + self.base

    def log_prob(self, z: Tensor, x: Tensor, given: Tensor | None = None) -> Tensor:
        """ln p(x | z) in nats: (…, B, L) and (B, …) → (…, B)."""
        return self.emission.log_prob(self.told(z, given), x.flatten(1))

    def expected(self, z: Tensor, given: Tensor | None = None) -> Tensor:
        """E[x | z] as shares: (B, L) → (B, …)."""
        return self.emission.mean(self.told(z, given)).reshape(-1, *self.shape)

    def squared_error(self, z: Tensor, x: Tensor, given: Tensor | None = None) -> Tensor:
        """Σ (x − E[x | z])² over the numbers of an example, as shares, (B,)."""
        return (self.shares(x) - self.expected(z, given)).square().flatten(1).sum(1)


def coder(
    data: Data, config: CoderConfig, codes: int, latent: int, generator: torch.Generator, classes: int = 0
) -> Coder:
    """A fresh coder: x and a class of so many → `codes` numbers, `latent` and the class → p(x | z)."""
    column = data.fields["x"]
    x = torch.from_numpy(np.ascontiguousarray(data.train.take(np.arange(min(data.train.size or _SEEN, _SEEN)))["x"]))
    of = emission(data, x.flatten(1).float())
    inward, outward, entrance = _specs(data, config, codes, of.outputs, classes)
    encoder = inward.build(entrance, generator)
    decoder = outward.build((latent + classes,), generator)
    top = 1 if column.values is None else column.values - 1
    mean = x.float().mean(0) / top
    return Coder(encoder, decoder, of, mean, of.base(x.flatten(1)).float(), len(entrance) == 1)


def _specs(
    data: Data, config: CoderConfig, codes: int, outputs: int, classes: int
) -> tuple[_Spec, _Spec, tuple[int, ...]]:
    """The specs of encoder and decoder, and the shape that the encoder takes."""
    shape, chosen = data.fields["x"].shape, config.activation
    if config.convolves(data):
        channels, rows, columns = shape
        norm, rule = config.norm, config.weights
        inward = CNN(
            config.channels, strides=2, width=config.width, activation=chosen, outputs=codes, norm=norm, weights=rule
        )
        outward = TransposedCNN(
            (outputs * channels, rows, columns), config.channels[::-1], activation=chosen, norm=norm, weights=rule
        )
        return inward, outward, (channels + classes, rows, columns)
    size = int(np.prod(shape))
    inward_dense, outward_dense = (
        MLP(config.width, config.depth, chosen, numbers, config.norm, weights=config.weights)
        for numbers in (codes, outputs * size)
    )
    return inward_dense, outward_dense, (size + classes,)
