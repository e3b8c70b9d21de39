"""Layers that are blind to part of their input: what autoregressive networks are built of.

Every input and output bears a degree, and an output sees the inputs of no higher degree, or, where it is `strict`, of
a lower one (Germain et al. 2015, eq. 8 and 9). A chain of such layers that is strict once lets no number see itself.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError

from .initialise import Initialiser, affine, uniform_fan_in


def visible(degree_I: Tensor, degree_O: Tensor, strict: bool = False) -> Tensor:
    """Which inputs each output sees, (…, O, I), by their degrees (…, I) and (…, O)."""
    inputs, outputs = degree_I.unsqueeze(-2), degree_O.unsqueeze(-1)
    return inputs < outputs if strict else inputs <= outputs


class MaskedLinear(nn.Module):
    """y = (W ∘ M) x + b with the mask M of `visible`; there may be K masks for the same weights, of degrees (K, …)."""

    inputs: Tensor
    outputs: Tensor

    def __init__(
        self,
        degree_I: Tensor,
        degree_O: Tensor,
        generator: torch.Generator,
        strict: bool = False,
        bias: bool = True,
        rule: Initialiser = uniform_fan_in,
    ) -> None:
        super().__init__()
        if degree_I.ndim not in (1, 2) or degree_I.shape[:-1] != degree_O.shape[:-1]:
            shapes = f"{tuple(degree_I.shape)} and {tuple(degree_O.shape)}"
            raise UserError(f"degrees are (I,) and (O,), or (K, I) and (K, O) for K masks, not {shapes}")
        self.weight = nn.Parameter(torch.empty(degree_O.shape[-1], degree_I.shape[-1]))
        self.bias = nn.Parameter(torch.empty(degree_O.shape[-1])) if bias else None
        affine(self.weight, self.bias, generator, rule)
        self.strict = strict
        self.register_buffer("inputs", degree_I.int().view(-1, degree_I.shape[-1]))
        self.register_buffer("outputs", degree_O.int().view(-1, degree_O.shape[-1]))

    def masked(self, number: int = 0) -> Tensor:
        """The weights (O, I) under mask `number`."""
        return self.weight * visible(self.inputs[number], self.outputs[number], self.strict)

    def forward(self, x: Tensor, number: int = 0) -> Tensor:
        """(…, I) → (…, O) under mask `number`."""
        return functional.linear(x, self.masked(number), self.bias)

    def extra_repr(self) -> str:
        """What printing shows."""
        return f"{self.weight.shape[1]}, {self.weight.shape[0]}, strict={self.strict}, masks={len(self.inputs)}"


class MaskedConvolution(nn.Module):
    """A convolution without padding, some of whose weights are held at 0 by a mask, (out, in, height, width)."""

    mask: Tensor | None

    def __init__(self, mask: Tensor, generator: torch.Generator, rule: Initialiser = uniform_fan_in) -> None:
        super().__init__()
        if mask.ndim != 4:
            raise UserError(f"the mask of a convolution is (out, in, height, width), not {tuple(mask.shape)}")
        self.weight, self.bias = nn.Parameter(torch.empty(mask.shape)), nn.Parameter(torch.empty(len(mask)))
        affine(self.weight, self.bias, generator, rule)
        self.register_buffer("mask", None if bool(mask.all()) else mask.bool())

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) → (B, out, H + 1 − height, W + 1 − width)."""
        weight = self.weight if self.mask is None else self.weight * self.mask
        return functional.conv2d(x, weight, self.bias)


def causal_mask(degree_I: Tensor, degree_O: Tensor, above: int, width: int, beside: int, strict: bool) -> Tensor:
    """The mask of a convolution that sees what comes before in reading order, (O, I, above + 1, width).

    All of `above` rows, and of its own row `beside` columns to the left whole and its own place by the degrees of
    channels; nothing to the right. In an image of red, green and blue the degrees are 0, 1 and 2: those of one place
    come one after the other (van den Oord et al. 2016, figure 2).
    """
    mask = torch.zeros(len(degree_O), len(degree_I), above + 1, width, dtype=torch.bool)
    mask[:, :, :above] = True
    mask[:, :, above, :beside] = True
    mask[:, :, above, beside] = visible(degree_I, degree_O, strict)
    return mask


def channel_degrees(units: int, groups: int) -> Tensor:
    """The degree of each of so many channels, (units,), where every group has as many of them but for rounding."""
    return torch.arange(units) * groups // units
