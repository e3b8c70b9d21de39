"""MADE: a masked autoencoder for distribution estimation (Germain, Gregor, Murray & Larochelle 2015)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.nn.activations import activation
from daedalus.core.nn.dropout import Dropping, check_chance
from daedalus.core.nn.masked import MaskedLinear
from daedalus.core.noise import Noise
from daedalus.generative.fitted import ModelConfig

from .causal import Causal, Step, check_values, log_softmax_at, scaled


@dataclass(frozen=True)
class MADEConfig(ModelConfig):
    """`depth` hidden layers of `width` units; or the width of each, as in width=(512,256), whatever `depth` says."""

    width: int | tuple[int, ...] = 512
    depth: int = 2
    activation: str = "relu"
    dropout: float = 0.0  # of hidden units
    direct: bool = True  # every number also sees all before it without a hidden layer between
    ordering: Literal["natural", "drawn"] = "natural"  # of the numbers: in reading order, or at random
    masks: int = 1  # for the same weights; with more, orders and connections are drawn, and the model is their mixture

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.widths or min(self.widths) < 1:
            raise UserError(f"made: width and depth must be at least 1, not {self.width} and {self.depth}")
        if self.masks < 1:
            raise UserError(f"made: masks must be at least 1, not {self.masks}")
        activation(self.activation)
        check_chance(self.dropout)

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the hidden layers."""
        return self.width if isinstance(self.width, tuple) else (self.width,) * self.depth


class MaskedAutoencoder(nn.Module):
    """Logits of D numbers with V values, each a function of those before it in the order (eq. 10).

    Number i bears the degree of its place in the order, 1 … D, hidden units bear degrees 1 … D − 1: a unit sees what
    has no higher degree, and an answer what has a lower one. K sets of degrees make a mixture p = Σ_k p_k / K.
    """

    order: Tensor

    def __init__(self, config: MADEConfig, count: int, values: int, generator: torch.Generator) -> None:
        super().__init__()
        self.count, self.values = count, values  # D, V
        order_KD = _orders(config, count, generator)
        degrees = [_degrees(config, count, width, generator) for width in config.widths]  # (K, width) each
        answers = order_KD.repeat_interleave(values, dim=1)
        sizes = pairwise([order_KD, *degrees])
        self.layers = nn.ModuleList(MaskedLinear(below, above, generator) for below, above in sizes)
        self.outputs = MaskedLinear(degrees[-1], answers, generator, strict=True)
        self.direct = MaskedLinear(order_KD, answers, generator, True, bias=False) if config.direct else None
        self.activation, self.dropout = activation(config.activation), Dropping(config.dropout)
        self.register_buffer("order", order_KD)

    def forward(self, x_BD: Tensor, number: int = 0) -> Tensor:
        """Numbers from −1 to 1 (B, D) → logits (B, D, V), under one set of masks."""
        h = x_BD
        for layer in self.layers:
            h = self.dropout(self.activation(layer(h, number)))  # (B, width)
        logits: Tensor = self.outputs(h, number)  # (B, D·V)
        if self.direct is not None:
            logits = logits + self.direct(x_BD, number)
        return logits.view(-1, self.count, self.values)

    def log_prob(self, x_BD: Tensor, y_B: Tensor | None, noise: Noise | None) -> Tensor:
        """Ln p(x), (B,); with noise that of one of the masks, drawn, whose mean is a bound of it to train with."""
        inputs_BD, masks = scaled(x_BD, self.values), len(self.order)
        if noise is not None or masks == 1:
            number = int(noise.below(masks)) if noise is not None and masks > 1 else 0
            return log_softmax_at(self(inputs_BD, number), x_BD)
        each_KB = torch.stack([log_softmax_at(self(inputs_BD, number), x_BD) for number in range(masks)])
        return each_KB.logsumexp(0) - math.log(masks)

    def walk(self, x_BD: Tensor, y_B: Tensor | None, generator: torch.Generator) -> Iterator[Step]:
        """Fill number after number; samples share out the masks at random.

        A hidden unit is computed once, when the last number that it sees is known: in all a walk multiplies as often
        as one pass, in D · (depth + 1) small products.
        """
        masks = len(self.order)
        chosen = torch.randint(masks, (len(x_BD),), generator=generator, device=generator.device)
        last = torch.bincount(chosen, minlength=masks).cumsum(0).tolist()
        for number, rows in enumerate(slice(begin, end) for begin, end in pairwise([0, *last])):
            if rows.stop > rows.start:
                yield from self._walk(x_BD, rows, number)

    def _walk(self, x_BD: Tensor, rows: slice, number: int) -> Iterator[Step]:
        x, layers = x_BD[rows], [layer for layer in self.layers if isinstance(layer, MaskedLinear)]
        weights, degrees = [layer.masked(number) for layer in layers], [layer.outputs[number] for layer in layers]
        last, bias, V = self.outputs.masked(number), self.outputs.bias, self.values
        assert bias is not None
        direct = None if self.direct is None else self.direct.masked(number)
        hidden = [x.new_zeros(len(x), len(degree)) for degree in degrees]  # units not yet known are 0
        for degree, place in enumerate(self.order[number].argsort().tolist(), start=1):
            own = slice(place * V, (place + 1) * V)
            logits = nn.functional.linear(hidden[-1], last[own], bias[own])
            yield Step(rows, place, logits if direct is None else logits + x @ direct[own].T)
            below = x
            for layer, weight, known, h in zip(layers, weights, degrees, hidden, strict=True):
                (ready,) = torch.nonzero(known == degree, as_tuple=True)
                assert layer.bias is not None
                h[:, ready] = self.activation(nn.functional.linear(below, weight[ready], layer.bias[ready])).to(h.dtype)
                below = h


def _orders(config: MADEConfig, count: int, generator: torch.Generator) -> Tensor:
    """The place of each number in the order, from 1, for each mask: (K, D)."""
    if config.ordering == "natural":
        return torch.arange(1, count + 1).expand(config.masks, count).contiguous()
    each = [torch.randperm(count, generator=generator, device=generator.device) for _ in range(config.masks)]
    return torch.stack(each).cpu() + 1


def _degrees(config: MADEConfig, count: int, width: int, generator: torch.Generator) -> Tensor:
    """The degrees of hidden units, (K, width): spread from 1 to D − 1, or drawn where there are several masks."""
    most = max(count - 1, 1)
    if config.masks == 1:
        return torch.linspace(1, most, width).round().long()[None]
    return torch.randint(most, (config.masks, width), generator=generator, device=generator.device).cpu() + 1


class FittedMADE(Causal):
    """−ln p(x) by MADE, eq. 4."""

    module: MaskedAutoencoder

    def __init__(self, data: Data, config: MADEConfig, module: MaskedAutoencoder) -> None:
        super().__init__(data, config, module)
        # Of several masks those are likelier that find what is given likely: it takes more than a walk to know them.
        self.completes = config.ordering == "natural" and config.masks == 1

    @property
    def network(self) -> MaskedAutoencoder:
        """The module."""
        return self.module


class MADE:
    """Germain et al. 2015, with V values for a number by softmax; x of any shape, flattened."""

    config_class = MADEConfig

    @staticmethod
    def check(data: Data, config: MADEConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_values(data, "made")

    @staticmethod
    def build(data: Data, config: MADEConfig, generator: torch.Generator) -> FittedMADE:
        """Weights by torch's rule; orders and degrees are drawn first, where they are drawn."""
        values = check_values(data, "made")
        count = math.prod(data.fields["x"].shape)
        return FittedMADE(data, config, MaskedAutoencoder(config, count, values, generator))
