"""Transposed convolutions: from a vector to a picture, the way of `CNN` backwards."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError

from .activations import activation
from .chain import chain, whole
from .convolution import Flatten
from .initialise import Initialiser, affine, initialiser
from .layers import blank, linear
from .mlp import check_shape
from .normalise import Normalise


@dataclass(frozen=True)
class TransposedCNN:
    """A linear layer onto a small grid, then stages that double its sides up to an `image` (C, H, W).

    `channels` are those of the small grid and of each larger one but the image itself, so there are as many stages as
    numbers. Sides are halved from the image's, upwards: 7 → 4 → 2. Nothing follows the last stage: its numbers are
    logits, or whatever the caller makes of them (Radford, Metz & Chintala 2016, figure 1).
    """

    image: tuple[int, ...]
    channels: tuple[int, ...] = (64, 32)
    activation: str = "relu"
    norm: str | None = None
    weights: str = "uniform_fan_in"
    groups: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", whole("transposed_cnn", "channels", self.channels))

    def grids(self) -> list[tuple[int, ...]]:
        """The shape (C, H, W) of the small grid and after each stage; the last is the image's."""
        if len(self.image) != 3 or min(self.image) < 1:
            raise UserError(f"TransposedCNN makes images (channels, rows, columns), not {self.image}; use MLP")
        if not self.channels or min(self.channels) < 1:
            raise UserError(f"TransposedCNN needs at least one channel in each stage, not channels={self.channels}")
        grids: list[tuple[int, ...]] = [self.image]
        _, rows, columns = self.image
        for channels in self.channels[::-1]:
            if max(rows, columns) < 2:
                raise UserError(f"{self.image} cannot be halved {len(self.channels)} times; take fewer stages")
            rows, columns = math.ceil(rows / 2), math.ceil(columns / 2)
            grids.insert(0, (channels, rows, columns))
        return grids

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
        """Return (B, *shape) → (B, C, H, W). Raises `UserError` where the shape or a setting does not fit."""
        check_shape("TransposedCNN", shape)
        grids, rule, layers = self.grids(), initialiser(self.weights), chain(shape)
        if len(shape) > 1:
            layers.add_module("flatten", Flatten())
        layers.add_module("linear", linear(math.prod(shape), math.prod(grids[0]), generator, rule))
        layers.add_module("grid", nn.Unflatten(1, grids[0]))
        for number, (small, large) in enumerate(pairwise(grids)):
            if self.norm is not None:
                layers.add_module(f"norm{number}", Normalise(self.norm, small[0], self.groups))
            layers.add_module(f"activation{number}", activation(self.activation))
            layers.add_module(f"conv{number}", upward(small, large, generator, rule))
        return layers


def upward(
    small: tuple[int, ...], large: tuple[int, ...], generator: torch.Generator, rule: Initialiser
) -> nn.ConvTranspose2d:
    """A transposed convolution of stride 2 from one grid (C, H, W) to another of twice its sides, or one less."""
    kernel = tuple(4 - (2 * before - after) for before, after in zip(small[1:], large[1:], strict=True))
    layer = blank(nn.ConvTranspose2d, small[0], large[0], kernel, 2, 1)
    # Torch keeps this weight as (in, out, *kernel); rules know (out, in, *kernel).
    turned: Tensor = layer.weight.transpose(0, 1)
    affine(turned, layer.bias, generator, rule)
    return layer
