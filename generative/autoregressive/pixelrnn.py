"""PixelRNN with the row LSTM (van den Oord, Kalchbrenner & Kavukcuoglu 2016, arXiv 1601.06759).

A layer runs down the image, a row at a time: what enters is a masked convolution of its input along the row, what
recurs a convolution of three pixels of the row above (section 3.1). So a pixel sees a triangle above it, wider by the
first layer, and to its left a few pixels more with every layer; far from both it is blind, which the paper accepts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.data import Data
from daedalus.core.nn.dropout import Dropping, check_chance
from daedalus.core.nn.layers import linear
from daedalus.core.nn.masked import MaskedConvolution, causal_mask
from daedalus.core.nn.recurrent import lstm_cell
from daedalus.core.noise import Noise
from daedalus.generative.fitted import ModelConfig

from .causal import Causal, Step, log_softmax_at, scaled
from .grids import Grid, answering, check_sizes, check_width, grid_of, pointwise

_STATE = 3  # pixels of the row above that the state sees


@dataclass(frozen=True)
class PixelRNNConfig(ModelConfig):
    """`depth` row LSTMs of `width` units, on 2 · width features; rows are read `kernel` across, first `first`."""

    width: int = 32
    depth: int = 3
    kernel: int = 3
    first: int = 7
    dropout: float = 0.0  # of what a layer hands on beside the way past it

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("pixelrnn", self.kernel, self.first, width=self.width, depth=self.depth)
        check_chance(self.dropout)


class RowLSTM(nn.Module):
    """[o, f, i, g] = σ(K_ss ∗ h_above + K_is ∗ x), c = f c_above + i g, h = o tanh c (eq. 3); then x + W h.

    The way past it is that of section 3.3: W is 1 × 1 and brings `width` units back to 2 · width features.
    """

    def __init__(self, config: PixelRNNConfig, grid: Grid, generator: torch.Generator) -> None:
        super().__init__()
        self.width, self.reach = config.width, config.kernel // 2
        features, units = grid.degrees(2 * config.width), grid.degrees(config.width)
        along = causal_mask(features, units.repeat(4), 0, self.reach + 1, self.reach, strict=False)
        self.inwards = MaskedConvolution(along, generator)
        self.state = linear(_STATE * config.width, 4 * config.width, generator)  # all above is known: no mask
        self.dropout = Dropping(config.dropout)
        self.outwards = pointwise(units, features, generator)

    def forward(self, x_BFHW: Tensor) -> Tensor:
        """Features (B, 2C, H, W) → the same."""
        B, _, _, W = x_BFHW.shape
        projected_BHWG = self.inwards(functional.pad(x_BFHW, (self.reach, 0))).permute(0, 2, 3, 1)
        h_BWC = c_BWC = x_BFHW.new_zeros(B, W, self.width)
        rows = []
        for projected_BWG in projected_BHWG.unbind(1):
            h_BWC, c_BWC = self.step(projected_BWG, beside(h_BWC), c_BWC)
            rows.append(h_BWC)
        h_BCHW = torch.stack(rows, 1).permute(0, 3, 1, 2)
        y: Tensor = x_BFHW + self.outwards(self.dropout(h_BCHW))
        return y

    def step(self, projected: Tensor, above: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One step down for any pixels (…): their input (…, 4C), h of three above (…, 3C), c of one (…, C)."""
        h, c = lstm_cell(projected, (above, c), self.state.weight, self.state.bias)
        return h, c


def beside(h_BWC: Tensor) -> Tensor:
    """Of each pixel of a row the units of its left neighbour, of itself and of its right one, (B, W, 3C)."""
    padded = functional.pad(h_BWC, (0, 0, 1, 1))
    return torch.cat([padded[:, :-2], h_BWC, padded[:, 2:]], dim=-1)


class RowLSTMs(nn.Module):
    """Logits of every number of an image, each a function of those before it (table 1)."""

    def __init__(self, config: PixelRNNConfig, grid: Grid, generator: torch.Generator) -> None:
        super().__init__()
        self.grid, self.width = grid, config.width
        reach, features = config.first // 2, grid.degrees(2 * config.width)
        mask = causal_mask(grid.degrees(grid.channels), features, reach, config.first, reach, strict=True)
        self.first = MaskedConvolution(mask, generator)
        self.layers = nn.ModuleList(RowLSTM(config, grid, generator) for _ in range(config.depth))
        self.answers = answering(grid, features, 2 * config.width, generator)

    def forward(self, x_BD: Tensor) -> Tensor:
        """Numbers from −1 to 1, flattened (B, D) → logits (B, D, V)."""
        reach = self.first.weight.shape[3] // 2
        x = self.first(functional.pad(self.grid.images(x_BD), (reach, reach, reach, 0)))  # (B, 2C, H, W)
        for layer in self.layers:
            x = layer(x)
        return self.grid.logits(self.answers(x))

    def log_prob(self, x_BD: Tensor, y_B: Tensor | None, noise: Noise | None) -> Tensor:
        """Ln p(x), (B,)."""
        return log_softmax_at(self(scaled(x_BD, self.grid.values)), x_BD)

    def walk(self, x_BD: Tensor, y_B: Tensor | None, generator: torch.Generator) -> Iterator[Step]:
        """Fill pixel after pixel, remembering the states of the row above and the features of this one.

        With one channel a walk multiplies exactly as often as one pass, with C channels C times as often.
        """
        grid, across = self.grid, self.first.weight.shape[3]
        reach = across // 2
        canvas = x_BD.new_zeros(len(x_BD), grid.channels, grid.rows + reach, grid.columns + 2 * reach)
        rows = [_Row.blank(layer, len(x_BD), grid, x_BD) for layer in self.layers if isinstance(layer, RowLSTM)]
        for row in range(grid.rows):
            for column in range(grid.columns):
                window = canvas[:, :, row : row + reach + 1, column : column + across]
                for channel in range(grid.channels):
                    logits_BCV = self._pixel(window, rows, column)
                    place = grid.place(channel, row, column)
                    yield Step(slice(None), place, logits_BCV[:, channel])
                    canvas[:, channel, row + reach, column + reach] = x_BD[:, place]
            rows = [_Row(beside(one.h), one.h, one.c, one.c.clone(), one.x) for one in rows]

    def _pixel(self, window: Tensor, rows: "list[_Row]", column: int) -> Tensor:
        """The logits of one pixel, (B, C, V), from the window of the image that ends with it."""
        x = self.first(window)  # (B, 2C, 1, 1)
        for layer, row in zip(self.layers, rows, strict=True):
            assert isinstance(layer, RowLSTM)
            row.x[:, :, :, column + layer.reach] = x[..., 0]
            projected_BG = layer.inwards(row.x[:, :, :, column : column + layer.reach + 1])[:, :, 0, 0]
            h_BC, row.c[:, column] = layer.step(projected_BG, row.above[:, column], row.c_above[:, column])
            row.h[:, column] = h_BC
            x = x + layer.outwards(h_BC[:, :, None, None])
        logits: Tensor = self.answers(x)
        return logits.view(len(x), self.grid.channels, self.grid.values)


class _Row(NamedTuple):
    """What a walk keeps of a layer: of the row above its three units and c, and of this one h, c and the input."""

    above: Tensor  # (B, W, 3C)
    h: Tensor  # (B, W, C)
    c_above: Tensor  # likewise
    c: Tensor  # likewise
    x: Tensor  # (B, 2C, 1, reach + W), with a margin of 0 to the left

    @classmethod
    def blank(cls, layer: RowLSTM, n: int, grid: Grid, like: Tensor) -> "_Row":
        """Before the first row."""
        C, W = layer.width, grid.columns
        h, c_above, c = (like.new_zeros(n, W, C) for _ in range(3))
        return cls(like.new_zeros(n, W, _STATE * C), h, c_above, c, like.new_zeros(n, 2 * C, 1, layer.reach + W))


class FittedPixelRNN(Causal):
    """−ln p(x), eq. 1."""

    module: RowLSTMs

    @property
    def network(self) -> RowLSTMs:
        """The module."""
        return self.module


class PixelRNN:
    """van den Oord et al. 2016 (arXiv 1601.06759): the row LSTM, with V values for a number by softmax."""

    config_class = PixelRNNConfig

    @staticmethod
    def check(data: Data, config: PixelRNNConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_width("pixelrnn", config.width, grid_of(data, "pixelrnn"))

    @staticmethod
    def build(data: Data, config: PixelRNNConfig, generator: torch.Generator) -> FittedPixelRNN:
        """Weights by torch's rule."""
        PixelRNN.check(data, config)
        return FittedPixelRNN(data, config, RowLSTMs(config, grid_of(data, "pixelrnn"), generator))
