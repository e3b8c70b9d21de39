"""Networks that answer for a noisy x and the time: a residual perceptron for vectors, a small U-Net for images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError
from daedalus.core.nn.attention import Attention
from daedalus.core.nn.dropout import Dropping
from daedalus.core.nn.embedding import Embedding
from daedalus.core.nn.initialise import uniform_fan_in, zeros
from daedalus.core.nn.layers import convolution, linear
from daedalus.core.nn.normalise import Normalise
from daedalus.core.nn.positions import sinusoids


def _norm(channels: int) -> Normalise:
    """Of groups, 8 where the channels allow it, of at least two channels each."""
    return Normalise("group", channels, 1 if channels % 2 else math.gcd(channels // 2, 8))


class Moment(nn.Module):
    """A vector that says what time it is, from 0 to 1, and of which class x is: the class `classes` means of any."""

    def __init__(self, width: int, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.width, self.classes = width, classes
        self.linear = linear(width, width, generator)
        self.label = Embedding(classes + 1, width).build((), generator) if classes else None
        self.out = linear(width, width, generator)

    def forward(self, share_B: Tensor, y_B: Tensor | None) -> Tensor:
        """(B,) and, where there are classes, (B,) → (B, E)."""
        e_BE = self.linear(sinusoids(1000 * share_B, self.width).to(self.linear.weight.dtype))
        if self.label is not None:
            e_BE = e_BE + self.label(torch.full_like(share_B, self.classes).long() if y_B is None else y_B)
        return functional.silu(self.out(functional.silu(e_BE)))


class VectorBlock(nn.Module):
    """x + linear silu (norm linear silu norm x), scaled and shifted by the moment on the way; it begins as x alone."""

    def __init__(self, width: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.norm0, self.linear0 = Normalise("layer", width), linear(width, width, generator)
        self.norm1, self.moment = Normalise("layer", width), linear(width, 2 * width, generator)
        self.dropout, self.linear1 = Dropping(dropout), linear(width, width, generator, zeros)

    def forward(self, x_BE: Tensor, e_BE: Tensor) -> Tensor:
        """(B, E), (B, E) → (B, E)."""
        h_BE = self.linear0(functional.silu(self.norm0(x_BE)))
        scale_BE, shift_BE = self.moment(e_BE).chunk(2, dim=1)
        h_BE = functional.silu(self.norm1(h_BE) * (1 + scale_BE) + shift_BE)
        return x_BE + self.linear1(self.dropout(h_BE))  # type: ignore[no-any-return]


class VectorNetwork(nn.Module):
    """(B, D) → (B, D) through residual blocks; x comes in with its sines and cosines, each octave twice as fast."""

    def __init__(self, spec: "Perceptron", size: int, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        width = spec.width
        self.moment = Moment(width, classes, generator)
        self.octaves = spec.octaves
        self.inputs = linear(size * (1 + 2 * spec.octaves), width, generator)
        self.blocks = nn.ModuleList(VectorBlock(width, spec.dropout, generator) for _ in range(spec.depth))
        self.norm = Normalise("layer", width)
        self.outputs = linear(width, size, generator, zeros)

    def forward(self, x: Tensor, share_B: Tensor, y_B: Tensor | None = None) -> Tensor:
        """(B, …), (B,) and classes (B,) → (B, …)."""
        e_BE = self.moment(share_B, y_B)
        x_BD = x.flatten(1)
        turned = [2**octave * x_BD for octave in range(self.octaves)]
        h_BE = self.inputs(torch.cat([x_BD, *map(torch.sin, turned), *map(torch.cos, turned)], 1))
        for block in self.blocks:
            h_BE = block(h_BE, e_BE)
        return self.outputs(functional.silu(self.norm(h_BE))).reshape(x.shape)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Perceptron:
    """`depth` residual blocks of `width` units, and `octaves` of x, which show how fine it is (Kingma et al. 2021)."""

    width: int = 128
    depth: int = 3
    octaves: int = 0
    dropout: float = 0.0

    def build(self, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
        """The network for examples of any shape. Raises `UserError` for sizes that do not fit."""
        if self.width < 2 or self.width % 2 or self.depth < 0:
            raise UserError(f"width must be even and at least 2 and depth at least 0, not {self.width}, {self.depth}")
        if self.octaves < 0:
            raise UserError(f"octaves must be at least 0, not {self.octaves}")
        return VectorNetwork(self, torch.Size(shape).numel(), classes, generator)


class GridBlock(nn.Module):
    """Two convolutions and the way past them, as in Ho et al. 2020 with Nichol & Dhariwal's scale and shift."""

    def __init__(self, inputs: int, outputs: int, moment: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.norm0, self.conv0 = _norm(inputs), _conv(inputs, outputs, generator)
        self.norm1, self.moment = _norm(outputs), linear(moment, 2 * outputs, generator)
        self.dropout = Dropping(dropout)
        self.past = (
            convolution(inputs, outputs, 1, 1, 0, generator, uniform_fan_in) if inputs != outputs else nn.Identity()
        )
        self.conv1 = convolution(outputs, outputs, 3, 1, 1, generator, zeros)

    def forward(self, x_BCHW: Tensor, e_BE: Tensor) -> Tensor:
        """(B, C, H, W), (B, E) → (B, C', H, W)."""
        h_BCHW = self.conv0(functional.silu(self.norm0(x_BCHW)))
        scale_BC11, shift_BC11 = self.moment(e_BE)[:, :, None, None].chunk(2, dim=1)
        h_BCHW = functional.silu(self.norm1(h_BCHW) * (1 + scale_BC11) + shift_BC11)
        return self.past(x_BCHW) + self.conv1(self.dropout(h_BCHW))  # type: ignore[no-any-return]


class GridAttention(nn.Module):
    """x + attention of every cell to every other."""

    def __init__(self, channels: int, heads: int, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = _norm(channels)
        self.attention = Attention(heads).build((channels,), generator)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, C, H, W) → the same."""
        cells_BTC = self.norm(x_BCHW).flatten(2).transpose(1, 2)
        found_BTC: Tensor = self.attention(cells_BTC)
        return x_BCHW + found_BTC.transpose(1, 2).reshape(x_BCHW.shape)


class GridNetwork(nn.Module):
    """Down through grids of halved sides and up again, beside each what the way down knew (Ronneberger et al. 2015)."""

    def __init__(self, spec: "UNet", channels: int, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        widths, moment = spec.channels, 4 * spec.channels[0]

        def block(inputs: int, outputs: int) -> GridBlock:
            return GridBlock(inputs, outputs, moment, spec.dropout, generator)

        self.moment = Moment(moment, classes, generator)
        self.inputs = _conv(channels, widths[0], generator)
        self.down, self.smaller = nn.ModuleList(), nn.ModuleList()
        self.up, self.larger = nn.ModuleList(), nn.ModuleList()
        for before, width in zip((widths[0], *widths), widths, strict=False):
            sizes = (before, *[width] * spec.blocks)
            self.down.append(nn.ModuleList(map(block, sizes, sizes[1:])))
        for width in widths[:-1]:
            self.smaller.append(convolution(width, width, 3, 2, 1, generator, uniform_fan_in))
        self.middle = block(widths[-1], widths[-1])
        self.attention = GridAttention(widths[-1], spec.heads, generator) if spec.heads else nn.Identity()
        for below, width in zip(reversed((*widths, widths[-1])), reversed(widths), strict=False):
            sizes = (below + width, *[width] * spec.blocks)
            self.up.append(nn.ModuleList(map(block, sizes, sizes[1:])))
        for width in reversed(widths[1:]):
            self.larger.append(_conv(width, width, generator))
        self.norm = _norm(widths[0])
        self.outputs = convolution(widths[0], channels, 3, 1, 1, generator, zeros)

    def forward(self, x_BCHW: Tensor, share_B: Tensor, y_B: Tensor | None = None) -> Tensor:
        """(B, C, H, W), (B,) and classes (B,) → (B, C, H, W)."""
        e_BE, h, known = self.moment(share_B, y_B), self.inputs(x_BCHW), []
        for level, blocks in enumerate(self.down):
            h = h if level == 0 else self.smaller[level - 1](h)
            h = _through(blocks, h, e_BE)
            known.append(h)
        h = self.attention(self.middle(h, e_BE))
        for level, blocks in enumerate(self.up):
            beside = known.pop()
            if level:  # nearest neighbours, then a convolution: to whatever size the way down had
                h = self.larger[level - 1](functional.interpolate(h, beside.shape[2:]))
            h = _through(blocks, torch.cat([h, beside], 1), e_BE)
        return self.outputs(functional.silu(self.norm(h)))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class UNet:
    """`blocks` residual blocks on each grid, whose sides are halved from one of `channels` to the next.

    With `heads`, cells of the smallest grid attend to one another.
    """

    channels: tuple[int, ...] = (32, 64)
    blocks: int = 1
    heads: int = 4
    dropout: float = 0.0

    def build(self, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
        """The network for examples (C, H, W). Raises `UserError` for other shapes and sizes that do not fit."""
        if len(shape) != 3:
            raise UserError(f"a U-Net takes images (channels, rows, columns), not {shape}; take network=mlp")
        if not self.channels or any(width < 2 or width % 2 for width in self.channels):
            raise UserError(f"channels must be even numbers, as in channels=(32,64), not {self.channels}")
        if min(shape[1:]) < 2 ** (len(self.channels) - 1):
            raise UserError(f"images of {shape[1]}×{shape[2]} cannot be halved {len(self.channels) - 1} times; "
                            "name fewer channels")  # fmt: skip
        if self.blocks < 1 or self.heads < 0:
            raise UserError(f"blocks must be at least 1 and heads at least 0, not {self.blocks} and {self.heads}")
        return GridNetwork(self, shape[0], classes, generator)


def _through(blocks: nn.Module, h: Tensor, e_BE: Tensor) -> Tensor:
    each: Sequence[nn.Module] = list(blocks.children())
    for block in each:
        h = block(h, e_BE)
    return h


def _conv(inputs: int, outputs: int, generator: torch.Generator) -> nn.Conv2d:
    return convolution(inputs, outputs, 3, 1, 1, generator, uniform_fan_in)
