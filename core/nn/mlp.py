"""The multilayer perceptron."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from daedalus.core.errors import UserError

from .activations import activation
from .chain import chain, whole
from .convolution import Flatten
from .dropout import Dropping
from .initialise import Initialiser, initialiser
from .layers import linear
from .normalise import Normalise
from .population import stack
from .stacked import Lookup


@dataclass(frozen=True)
class MLP:
    """Layers of `width` units: linear, normalised, activated, dropped out; then `outputs` linear units, if asked for.

    `width` may be the widths of all layers, whose number `depth` then is not asked for. With `one_hot` the input is an
    index below S, shape (S,), and means the vector with a one there: the first layer looks its row up, so the vector
    is never made. Rows of weights begin by the rule `weights` of `initialise`.
    """

    width: int | tuple[int, ...] = 64
    depth: int = 2
    activation: str = "relu"
    outputs: int | None = None
    norm: str | None = None
    dropout: float = 0.0
    weights: str = "uniform_fan_in"
    one_hot: bool = False
    groups: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", whole("mlp", "width", self.width))

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the hidden layers."""
        return self.width if isinstance(self.width, tuple) else (self.width,) * self.depth

    def features(self, shape: tuple[int, ...]) -> int:
        """How many numbers come out for an example of that shape."""
        if self.outputs is not None:
            return self.outputs
        return self.widths[-1] if self.widths else math.prod(shape)

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
        """Return (B, *shape) → (B, features); with `one_hot`, (B,) whole numbers → (B, features).

        Raises:
            UserError: the shape or a setting does not fit.
        """
        self._check(shape)
        rule = initialiser(self.weights)
        layers = chain(shape, shape[0] if self.one_hot else None)
        if len(shape) > 1:
            layers.add_module("flatten", Flatten())
        sizes = (math.prod(shape), *self.widths, *([] if self.outputs is None else [self.outputs]))
        for number, (inputs, outputs) in enumerate(pairwise(sizes)):
            last = number == len(self.widths)
            make = lookup if self.one_hot and number == 0 else linear
            layers.add_module("outputs" if last else f"linear{number}", make(inputs, outputs, generator, rule))
            if not last:
                self._add_hidden(layers, number, outputs)
        return layers

    def build_population(self, shape: tuple[int, ...], generators: Sequence[torch.Generator]) -> nn.Module:
        """(N, B, *shape) → (N, B, features); slot n begins as `build` with generator n."""
        return stack([self.build(shape, generator) for generator in generators])

    def _add_hidden(self, layers: nn.Sequential, number: int, width: int) -> None:
        if self.norm is not None:
            layers.add_module(f"norm{number}", Normalise(self.norm, width, self.groups))
        layers.add_module(f"activation{number}", activation(self.activation))
        if self.dropout:
            layers.add_module(f"dropout{number}", Dropping(self.dropout))

    def _check(self, shape: tuple[int, ...]) -> None:
        check_shape("MLP", shape)
        if self.one_hot and len(shape) != 1:
            raise UserError(f"one_hot takes an index below S, shape (S,), not examples of shape {shape}")
        if self.depth < 0 or min((*self.widths, self.features(shape))) < 1:
            raise UserError(f"MLP needs widths and outputs of at least 1 and depth of at least 0, not {self}")
        activation(self.activation)
        Dropping(self.dropout)


def check_shape(owner: str, shape: tuple[int, ...]) -> None:
    """Raise `UserError` where no network can take examples of that shape."""
    if not shape or min(shape) < 1:
        raise UserError(f"{owner} takes examples of at least one number, not of shape {shape}")


def lookup(count: int, outputs: int, generator: torch.Generator, rule: Initialiser) -> Lookup:
    """A linear layer of one-hot inputs; it begins as `linear` does with the same generator."""
    layer = linear(count, outputs, generator, rule)
    return Lookup(layer.weight.detach().T.contiguous(), layer.bias.detach())
