"""Gated PixelCNN (van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves & Kavukcuoglu 2016).

Two stacks read the image: the vertical one all rows above a pixel, the horizontal one what lies to the left in its own
row, and what the vertical one says; together they have no blind spot (figure 1). Details beside the paper's:

- the vertical stack of the first layer ends above the pixel's row, so no later layer needs to be shifted;
- with `residual=both` the vertical stack, too, has a way past each layer; the paper has it in the horizontal one alone;
- the numbers of one pixel in several channels come one after the other, as in the PixelRNN of the same year.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.nn.dropout import Dropping, check_chance
from daedalus.core.nn.embedding import Embedding
from daedalus.core.nn.initialise import affine
from daedalus.core.nn.layers import blank
from daedalus.core.nn.masked import MaskedConvolution, causal_mask
from daedalus.core.noise import Noise
from daedalus.generative.fitted import ModelConfig

from .causal import Causal, Step, log_softmax_at, scaled
from .grids import Grid, answering, check_sizes, check_width, grid_of, pointwise


@dataclass(frozen=True)
class PixelCNNConfig(ModelConfig):
    """`depth` gated layers of `width` channels; each sees `kernel` pixels across, the first one `first`."""

    width: int = 32
    depth: int = 6
    kernel: int = 3
    first: int = 7
    residual: Literal["horizontal", "both"] = "horizontal"
    dropout: float = 0.0  # of what the horizontal stack's gates let through
    conditional: bool = False  # on the classes of the data: p(x | y), scored as p(x | y) p(y)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("pixelcnn", self.kernel, self.first, width=self.width, depth=self.depth)
        check_chance(self.dropout)


def gated(a_B2CHW: Tensor) -> Tensor:
    """tanh(W_f x) ⊙ σ(W_g x), (B, 2C, H, W) → (B, C, H, W) (eq. 2)."""
    a, b = a_B2CHW.chunk(2, dim=1)
    return torch.tanh(a) * torch.sigmoid(b)


class GatedLayer(nn.Module):
    """One layer of both stacks (figure 2). Degrees are those of the channels that come in, and of C that go out."""

    def __init__(self, config: PixelCNNConfig, grid: Grid, first: bool, generator: torch.Generator) -> None:
        super().__init__()
        C, across = config.width, config.first if first else config.kernel
        self.reach = reach = across // 2
        self.first, self.residual = first, config.residual == "both" and not first
        inputs = grid.channels if first else C
        degree_I, degree_C = grid.degrees(inputs), grid.degrees(C)
        twice = degree_C.repeat(2)  # of what is gated
        self.vertical = blank(nn.Conv2d, inputs, 2 * C, (reach if first else reach + 1, across))
        self.link = blank(nn.Conv2d, 2 * C, 2 * C, 1)
        for layer in (self.vertical, self.link):
            affine(layer.weight, layer.bias, generator)
        self.horizontal = MaskedConvolution(causal_mask(degree_I, twice, 0, reach + 1, reach, first), generator)
        self.dropout = Dropping(config.dropout)
        self.outwards = pointwise(degree_C, degree_C, generator)

    def forward(self, v: Tensor, h: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """Both stacks (B, I, H, W) → (B, C, H, W); `bias` (B, 4C, 1, 1) is what the class adds to each (eq. 4)."""
        n, below = self.reach, -1 if self.first else 0  # the first layer's rows end above the pixel's
        a_v = self.above(functional.pad(v, (n, n, n, below)), bias)
        return self.down(v, a_v), self.along(functional.pad(h, (n, 0)), self.link(a_v), bias)

    def above(self, rows: Tensor, bias: Tensor | None) -> Tensor:
        """What the vertical stack finds in rows with margins, before its gate: (B, 2C, …)."""
        a: Tensor = self.vertical(rows)
        return a if bias is None else a + bias.chunk(2, 1)[0]

    def down(self, v: Tensor, a_v: Tensor) -> Tensor:
        """What the vertical stack hands on."""
        return gated(a_v) + v if self.residual else gated(a_v)

    def along(self, columns: Tensor, linked: Tensor, bias: Tensor | None) -> Tensor:
        """What the horizontal stack hands on, from columns with a margin to the left."""
        a = self.horizontal(columns) + linked
        a = a if bias is None else a + bias.chunk(2, 1)[1]
        out: Tensor = self.outwards(self.dropout(gated(a)))
        return out if self.first else out + columns[..., self.reach :]


class GatedPixelCNN(nn.Module):
    """Logits of every number of an image, each a function of those before it."""

    def __init__(self, config: PixelCNNConfig, grid: Grid, classes: int | None, generator: torch.Generator) -> None:
        super().__init__()
        self.grid, self.width = grid, config.width
        self.layers = nn.ModuleList(GatedLayer(config, grid, n == 0, generator) for n in range(config.depth))
        self.answers = answering(grid, grid.degrees(config.width), config.width, generator)
        sizes = 4 * config.width, 0.1
        of_class = partial(Embedding, width=sizes[0], std=sizes[1])
        self.classes = nn.ModuleList(of_class(classes).build((), generator) for _ in self.layers) if classes else None

    def forward(self, x_BD: Tensor, y_B: Tensor | None = None) -> Tensor:
        """Numbers from −1 to 1, flattened (B, D), and classes → logits (B, D, V)."""
        v = h = self.grid.images(x_BD)
        for layer, bias in zip(self.layers, self._biases(y_B), strict=True):
            v, h = layer(v, h, bias)  # (B, C, H, W) each
        return self.grid.logits(self.answers(h))

    def log_prob(self, x_BD: Tensor, y_B: Tensor | None, noise: Noise | None) -> Tensor:
        """Ln p(x | y), (B,)."""
        return log_softmax_at(self(scaled(x_BD, self.grid.values), y_B), x_BD)

    def walk(self, x_BD: Tensor, y_B: Tensor | None, generator: torch.Generator) -> Iterator[Step]:
        """Fill pixel after pixel: the vertical stack goes on once a row, the horizontal one once a pixel.

        Each layer keeps the rows and columns that the next ones still need, so that with one channel a walk multiplies
        exactly as often as one pass, in H · W · (2 · depth + 2) small products; with C channels the horizontal stack
        goes C times over each pixel.
        """
        grid, biases = self.grid, self._biases(y_B)
        memory = _Memory.blank(self, len(x_BD), x_BD)
        for row in range(grid.rows):
            linked = self._row(memory, row, biases)
            for left in memory.left:
                left.zero_()
            for column in range(grid.columns):
                for channel in range(grid.channels):
                    logits_BCV = self._pixel(memory, linked, row, column, biases)
                    place = grid.place(channel, row, column)
                    yield Step(slice(None), place, logits_BCV[:, channel])
                    memory.canvas[:, channel, memory.margin + row, memory.margin + column] = x_BD[:, place]

    def _row(self, memory: "_Memory", row: int, biases: list[Tensor | None]) -> list[Tensor]:
        """What each layer's vertical stack has to say to one row, (B, 2C, 1, W) each."""
        linked, v = [], memory.canvas[:, :, row : row + memory.margin]  # the rows above, with margins
        for number, (layer, bias) in enumerate(zip(self.layers, biases, strict=True)):
            assert isinstance(layer, GatedLayer)
            if number:
                v = memory.lower(number, v, layer.reach)
            a_v = layer.above(v, bias)
            linked.append(layer.link(a_v))
            n = layer.reach
            v = layer.down(v[:, :, -1:, n : v.shape[3] - n] if layer.residual else v, a_v)
        return linked

    def _pixel(
        self, memory: "_Memory", linked: list[Tensor], row: int, column: int, biases: list[Tensor | None]
    ) -> Tensor:
        """The logits of one pixel, (B, C, V)."""
        top, h = memory.margin + row, linked[0]
        columns = memory.canvas[:, :, top : top + 1, column : column + memory.margin + 1]
        for number, (layer, bias) in enumerate(zip(self.layers, biases, strict=True)):
            assert isinstance(layer, GatedLayer)
            if number:
                columns = memory.left[number][:, :, :, column : column + layer.reach + 1]
                columns[:, :, :, -1:] = h
            h = layer.along(columns, linked[number][:, :, :, column : column + 1], bias)
        logits: Tensor = self.answers(h)  # (B, C·V, 1, 1)
        return logits.view(len(h), self.grid.channels, self.grid.values)

    def _biases(self, y_B: Tensor | None) -> list[Tensor | None]:
        if self.classes is None or y_B is None:
            return [None] * len(self.layers)
        return [rows(y_B)[:, :, None, None] for rows in self.classes]


class _Memory(NamedTuple):
    """What a walk keeps: the image with margins, and of each layer the last rows and the columns of this row."""

    margin: int  # of the image: the first layer's reach
    canvas: Tensor  # (B, channels, margin + H, W + 2·margin)
    above: list[Tensor]  # of each layer but the first, with margins, (B, C, reach + 1, W + 2·reach)
    left: list[Tensor]  # likewise (B, C, 1, reach + W)

    @classmethod
    def blank(cls, network: GatedPixelCNN, n: int, like: Tensor) -> "_Memory":
        """Before the first row: all margins are 0."""
        grid, C = network.grid, network.width
        reaches = [layer.reach for layer in network.layers if isinstance(layer, GatedLayer)]
        m, wide = reaches[0], grid.columns
        return cls(
            m,
            like.new_zeros(n, grid.channels, m + grid.rows, wide + 2 * m),
            [like.new_zeros(n, C, reach + 1, wide + 2 * reach) for reach in reaches],
            [like.new_zeros(n, C, 1, reach + wide) for reach in reaches],
        )

    def lower(self, number: int, v: Tensor, reach: int) -> Tensor:
        """Move a layer's rows up by one and put the new one (B, C, 1, W) below; return them with their margins."""
        rows = self.above[number]
        rows[:, :, :-1] = rows[:, :, 1:].clone()
        rows[:, :, -1:, reach : rows.shape[3] - reach] = v
        return rows


class FittedPixelCNN(Causal):
    """−ln p(x | y), eq. 1 and 3."""

    module: GatedPixelCNN

    def __init__(self, data: Data, config: PixelCNNConfig, module: GatedPixelCNN) -> None:
        super().__init__(data, config, module)
        self.classes = _classes(data, config)

    @property
    def network(self) -> GatedPixelCNN:
        """The module."""
        return self.module


class PixelCNN:
    """van den Oord et al. 2016 (arXiv 1606.05328), with V values for a number by softmax."""

    config_class = PixelCNNConfig

    @staticmethod
    def check(data: Data, config: PixelCNNConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_width("pixelcnn", config.width, grid_of(data, "pixelcnn"))
        _classes(data, config)

    @staticmethod
    def build(data: Data, config: PixelCNNConfig, generator: torch.Generator) -> FittedPixelCNN:
        """Weights by torch's rule; what classes add begins small."""
        PixelCNN.check(data, config)
        network = GatedPixelCNN(config, grid_of(data, "pixelcnn"), _classes(data, config), generator)
        return FittedPixelCNN(data, config, network)


def _classes(data: Data, config: PixelCNNConfig) -> int | None:
    if not config.conditional:
        return None
    if "y" not in data.fields or not data.fields["y"].values:
        raise UserError(f"conditional=true needs classes, and {data.name} has none")
    return data.fields["y"].values
