"""Convolutional networks, for small grids of symbols and for pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from daedalus.core.errors import UserError

from .activations import activation
from .chain import chain, whole
from .convolution import FlattenGrid, Pool, Pooling, ToGrid
from .dropout import Dropping
from .initialise import initialiser
from .layers import convolution, linear
from .normalise import Normalise
from .population import stack
from .residual import Order, ResidualBlock


@dataclass(frozen=True)
class CNN:
    """Stages of convolution, norm, activation, pooling and residual blocks; then a hidden layer, then `outputs` units.

    `kernels` and `strides` are one number for all stages or one for each. With `padding` a stage of stride 1 and odd
    kernel keeps the size. `pooling` halves it after each stage. A stage ends in `blocks` residual blocks. `dropout` is
    that of the hidden layer, `channel_dropout` that of whole channels after each stage. What comes in is divided by
    `divisor`. Without `width` there is no hidden layer, without `outputs` no last one.
    """

    channels: tuple[int, ...] = (32, 64, 64)
    kernels: int | tuple[int, ...] = 3
    strides: int | tuple[int, ...] = 1
    padding: bool = True
    pooling: Pooling = "none"
    blocks: int = 0
    residual: Order = "pre"
    width: int | None = 128
    activation: str = "relu"
    outputs: int | None = None
    norm: str | None = None
    dropout: float = 0.0
    channel_dropout: float = 0.0
    weights: str = "uniform_fan_in"
    divisor: float = 1.0
    groups: int = 8

    def __post_init__(self) -> None:
        for name in ("channels", "kernels", "strides"):
            object.__setattr__(self, name, whole("cnn", name, getattr(self, name)))

    def grids(self, shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """The shape (C, H, W) of an example before the first stage and after each.

        Raises:
            UserError: the shape or a setting does not fit.
        """
        if len(shape) != 3 or min(shape) < 1:
            raise UserError(f"CNN takes examples of shape (channels, rows, columns), not {shape}; use MLP")
        if not self.channels or min(self.channels) < 1:
            raise UserError(f"CNN needs at least one channel in each of its stages, not channels={self.channels}")
        grids = [(shape[0], shape[1], shape[2])]
        kernels, strides = self._each("kernels", self.kernels), self._each("strides", self.strides)
        for channels, kernel, stride in zip(self.channels, kernels, strides, strict=True):
            rows, columns = (self._after(size, kernel, stride, shape) for size in grids[-1][1:])
            grids.append((channels, rows, columns))
        return grids

    def features(self, shape: tuple[int, ...]) -> int:
        """How many numbers come out for an example of that shape."""
        if self.outputs is not None:
            return self.outputs
        return self.width if self.width is not None else math.prod(self.grids(shape)[-1])

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
        """Return (B, C, H, W) → (B, features).

        Raises:
            UserError: the shape or a setting does not fit.
        """
        self._check()
        grids, layers = self.grids(shape), chain(shape, bytes=True)
        layers.add_module("grid", ToGrid(self.divisor))
        for number in range(len(self.channels)):
            self._add_stage(layers, number, grids[number][0], grids[number + 1], generator)
        layers.add_module("flatten", FlattenGrid())
        features, rule = math.prod(grids[-1]), initialiser(self.weights)
        if self.width is not None:
            layers.add_module("linear", linear(features, self.width, generator, rule))
            layers.add_module("activation", activation(self.activation))
            if self.dropout:
                layers.add_module("dropout", Dropping(self.dropout))
            features = self.width
        if self.outputs is not None:
            layers.add_module("outputs", linear(features, self.outputs, generator, rule))
        return layers

    def build_population(self, shape: tuple[int, ...], generators: Sequence[torch.Generator]) -> nn.Module:
        """(N, B, C, H, W) → (N, B, features); slot n begins as `build` with generator n."""
        return stack([self.build(shape, generator) for generator in generators])

    def _add_stage(
        self, layers: nn.Sequential, number: int, inputs: int, grid: tuple[int, int, int], generator: torch.Generator
    ) -> None:
        kernel, stride = self._each("kernels", self.kernels)[number], self._each("strides", self.strides)[number]
        rule, padding = initialiser(self.weights), kernel // 2 if self.padding else 0
        layers.add_module(f"conv{number}", convolution(inputs, grid[0], kernel, stride, padding, generator, rule))
        if self.norm is not None:
            layers.add_module(f"norm{number}", Normalise(self.norm, grid[0], self.groups))
        layers.add_module(f"activation{number}", activation(self.activation))
        if self.pooling != "none":
            layers.add_module(f"pool{number}", Pool(self.pooling))
        block = ResidualBlock(self.residual, self.activation, self.norm, 3, self.weights, self.groups)
        for place in range(self.blocks):
            layers.add_module(f"block{number}_{place}", block.build(grid, generator))
        if self.channel_dropout:
            layers.add_module(f"dropout{number}", Dropping(self.channel_dropout, shared=2))

    def _after(self, size: int, kernel: int, stride: int, shape: tuple[int, ...]) -> int:
        """The size after a stage; `shape` is what the user gave."""
        room = size + 2 * (kernel // 2) if self.padding else size
        if kernel > room:
            raise UserError(
                f"a kernel of {kernel} is larger than what is left of the picture there, {size} cells of {shape}; "
                "take smaller kernels or strides, or fewer stages"
            )
        left = (room - kernel) // stride + 1
        if self.pooling == "none":
            return left
        if left < 2:
            raise UserError(f"pooling needs 2 cells, but {left} of the picture {shape} is left; take fewer stages")
        return left // 2

    def _each(self, name: str, given: int | tuple[int, ...]) -> tuple[int, ...]:
        """One number for each stage."""
        numbers = given if isinstance(given, tuple) else (given,) * len(self.channels)
        if len(numbers) != len(self.channels) or min(numbers) < 1:
            raise UserError(
                f"CNN has {len(self.channels)} stages: {name} needs a number of at least 1 for each, not {given}"
            )
        return numbers

    def _check(self) -> None:
        for name, value in (("width", self.width), ("outputs", self.outputs)):
            if value is not None and value < 1:
                raise UserError(f"CNN needs {name} of at least 1, or none, not {value}")
        if self.blocks < 0 or not self.divisor > 0:
            raise UserError(f"CNN needs blocks of at least 0 and a divisor above 0, not {self.blocks}, {self.divisor}")
        if self.pooling != "none":
            Pool(self.pooling)
        Dropping(self.dropout)
        Dropping(self.channel_dropout)


def atari(outputs: int | None = None) -> CNN:
    """The network of Mnih et al. (2015) for four pictures of 84 × 84 bytes."""
    return CNN((32, 64, 64), (8, 4, 3), (4, 2, 1), padding=False, width=512, outputs=outputs, divisor=255.0)
