"""What networks share that read images pixel by pixel: their sizes, degrees of channels, and the last layers."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.nn.masked import MaskedConvolution, channel_degrees, visible

from .causal import check_values


@dataclass(frozen=True)
class Grid:
    """Images of C channels, H rows and W columns, of V values a number."""

    channels: int
    rows: int
    columns: int
    values: int

    @property
    def answers(self) -> Tensor:
        """The channel that each logit speaks of, (C·V,)."""
        return torch.arange(self.channels).repeat_interleave(self.values)

    def degrees(self, units: int) -> Tensor:
        """The channels that units may see, (units,): all up to their own degree."""
        return channel_degrees(units, self.channels)

    def images(self, x_BD: Tensor) -> Tensor:
        """(B, D) → (B, C, H, W)."""
        return x_BD.view(-1, self.channels, self.rows, self.columns)

    def place(self, channel: int, row: int, column: int) -> int:
        """Where a number lies in the flattened x."""
        return (channel * self.rows + row) * self.columns + column

    def logits(self, answers_BAHW: Tensor) -> Tensor:
        """(B, C·V, H, W) → (B, D, V)."""
        apart_BCVP = answers_BAHW.reshape(len(answers_BAHW), self.channels, self.values, -1)
        return apart_BCVP.transpose(2, 3).flatten(1, 2)


def grid_of(data: Data, owner: str) -> Grid:
    """The images of a data set. Raises `UserError` where it has none, or their numbers are real."""
    values, shape = check_values(data, owner), data.fields["x"].shape
    if len(shape) != 3:
        hint = "; try layout=tiles" if data.form.name == "maze" else "; made takes any shape"
        raise UserError(f"{owner} reads images (C, H, W), and {data.name} has x of shape {shape}{hint}")
    return Grid(*shape, values)


def pointwise(degree_I: Tensor, degree_O: Tensor, generator: torch.Generator) -> MaskedConvolution:
    """A convolution of single pixels that sees the channels of no higher degree."""
    return MaskedConvolution(visible(degree_I, degree_O)[..., None, None], generator)


def answering(grid: Grid, inputs: Tensor, width: int, generator: torch.Generator) -> nn.Sequential:
    """ReLU, 1×1, ReLU, 1×1 → logits (van den Oord et al. 2016a, table 1), from units of degrees `inputs`."""
    between = grid.degrees(width)
    return nn.Sequential(
        nn.ReLU(),
        pointwise(inputs, between, generator),
        nn.ReLU(),
        pointwise(between, grid.answers, generator),
    )


def check_sizes(owner: str, kernel: int, first: int, **sizes: int) -> None:
    """Raise `UserError` unless sizes are positive and kernels odd."""
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"{owner}: {name} must be at least 1, not {size}")
    for name, size in (("kernel", kernel), ("first", first)):
        if size < 3 or size % 2 == 0:
            raise UserError(f"{owner}: {name} must be an odd number of at least 3, not {size}")


def check_width(owner: str, width: int, grid: Grid) -> None:
    """Raise `UserError` where a channel of the image would have no units."""
    if width < grid.channels:
        raise UserError(f"{owner}: width must be at least {grid.channels}, the channels of the images, not {width}")
