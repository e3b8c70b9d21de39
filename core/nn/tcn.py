"""The causal, dilated temporal convolution network (Bai, Kolter & Koltun 2018, arXiv:1803.01271)."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .dropout import Dropping
from .initialise import affine
from .sequences import check_positive, check_sequences, features_of


@final
class CausalConv(nn.Module):
    """A convolution over time that sees only the past: step t reads t, t − d, …, t − (k − 1)·d.

    With weight norm, each output channel's weight is a length, `gain`, times a direction (Salimans & Kingma 2016).
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, dilation: int, weight_norm: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel))
        self.bias = nn.Parameter(torch.empty(outputs))
        affine(self.weight, self.bias, generator)
        lengths = self.weight.detach().norm(dim=(1, 2), keepdim=True)
        self.gain = nn.Parameter(lengths.clone()) if weight_norm else None
        self.dilation = dilation

    def forward(self, x_BCT: Tensor) -> Tensor:
        """(B, C, T) → (B, outputs, T)."""
        weight = self.weight
        if self.gain is not None:
            weight = self.gain * weight / weight.norm(dim=(1, 2), keepdim=True)
        past = (weight.shape[-1] - 1) * self.dilation
        return functional.conv1d(functional.pad(x_BCT, (past, 0)), weight, self.bias, dilation=self.dilation)


@final
class TemporalBlock(nn.Module):
    """relu(x + F(x)), F twice convolution, ReLU, dropout; x goes through a 1×1 convolution where widths differ."""

    def __init__(self, spec: "TCN", inputs: int, dilation: int, generator: torch.Generator) -> None:
        super().__init__()
        width, kernel, normed = spec.width, spec.kernel, spec.weight_norm
        self.first = CausalConv(inputs, width, kernel, dilation, normed, generator)
        self.second = CausalConv(width, width, kernel, dilation, normed, generator)
        self.skip = CausalConv(inputs, width, 1, 1, False, generator) if inputs != width else nn.Identity()
        self.dropout = Dropping(spec.dropout)

    def forward(self, x_BCT: Tensor, real_B1T: Tensor | None = None) -> Tensor:
        """(B, C, T) → (B, width, T), 0 where a step is not real."""
        y = self.dropout(torch.relu(self.first(x_BCT)))
        y = y if real_B1T is None else y * real_B1T
        y = self.dropout(torch.relu(self.second(y)))
        y = torch.relu(self.skip(x_BCT) + y)
        return y if real_B1T is None else y * real_B1T


@final
class TemporalNetwork(nn.Module):
    """Blocks whose dilation doubles from one to the next.

    Inside, features stand before time, which is what torch's convolution is fast at; what bounds it is that
    convolution, two for each block.
    """

    def __init__(self, spec: "TCN", features: int, generator: torch.Generator) -> None:
        super().__init__()
        inputs = [features, *[spec.width] * (spec.depth - 1)]
        self.blocks = nn.ModuleList(TemporalBlock(spec, size, 2**i, generator) for i, size in enumerate(inputs))
        self.features, self.width, self.receptive_field = features, spec.width, spec.receptive_field

    def forward(self, x_BTF: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T, F) → (B, T, width); step t depends on the last `receptive_field` steps up to t.

        Padding at the ends needs no mask, because nothing looks ahead. Steps where `mask` (B, T) is False count as the
        zeros before the beginning do, in every layer, and come out as 0, so that sequences may be padded in front too.
        """
        check_sequences(x_BTF, self.features, "the temporal convolution network", mask)
        real_B1T = None if mask is None else mask[:, None, :]
        x = x_BTF.transpose(1, 2)
        x = x if real_B1T is None else x * real_B1T
        for block in self.blocks:
            x = block(x, real_B1T)
        return x.transpose(1, 2)


@dataclass(frozen=True)
class TCN:
    """`depth` residual blocks of two convolutions, of dilation 1, 2, 4, …

    Differences from the paper: weights begin with torch's default, not N(0, 0.01²); weight norm is a choice.
    """

    width: int = 64
    depth: int = 4
    kernel: int = 3
    weight_norm: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_positive("tcn", width=self.width, depth=self.depth, kernel=self.kernel)

    @property
    def receptive_field(self) -> int:
        """How many steps an output depends on, its own included: 1 + 2 (k − 1)(2^depth − 1)."""
        return 1 + 2 * (self.kernel - 1) * ((1 << self.depth) - 1)

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> TemporalNetwork:
        """The network for examples of `shape`, (T, F) or (F,)."""
        return TemporalNetwork(self, features_of(shape, "a temporal convolution network"), generator)
