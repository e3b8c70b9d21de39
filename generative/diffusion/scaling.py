"""Between what a data set holds and the numbers around [−1, 1] that a diffusion works on."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.data import Data, Examples

_SEEN = 10_000  # training examples whose mean and deviation are taken
_BEYOND = 2.0  # how far, by the farthest of them, x_0 is ever expected


class Scale(nn.Module):
    """Whole numbers 0 … V − 1 and images in [0, 1] go to [−1, 1]; other real numbers are standardised.

    `reach` is the greatest size of a number of x_0 that is ever expected.
    """

    def __init__(self, data: Data) -> None:
        super().__init__()
        column = data.fields["x"]
        self.values, self.shape, self.dtype = column.values, column.shape, column.dtype
        self.image = self.values is None and data.form.name == "image"
        if self.values is not None or self.image:
            top = 1 if self.values is None else max(self.values - 1, 1)
            shift, factor, reach = torch.full(self.shape, top / 2), torch.full(self.shape, top / 2), 1.0
        else:
            x = torch.from_numpy(first(data.train)["x"].astype(np.float32))
            shift, factor = x.mean(0), x.std(0, correction=0).clamp(min=1e-6)
            reach = _BEYOND * float(((x - shift) / factor).abs().max())
        self.register_buffer("shift", shift)
        self.register_buffer("factor", factor)
        self.register_buffer("reach", torch.tensor(reach))
        self.shift: Tensor
        self.factor: Tensor
        self.reach: Tensor

    def inwards(self, x: Tensor) -> Tensor:
        """(B, …) of the data set → (B, …) around [−1, 1]."""
        return (x.to(self.shift.dtype) - self.shift) / self.factor

    def outwards(self, z: Tensor) -> Tensor:
        """The way back, without rounding: real numbers whatever x holds."""
        return z * self.factor + self.shift

    def finished(self, z: Tensor) -> Tensor:
        """The example of the data set nearest to (B, …): whole numbers rounded, images cut off at 0 and 1."""
        x = self.outwards(z)
        if self.values is not None:
            return x.round().clamp(0, self.values - 1).to(getattr(torch, self.dtype))
        return x.clamp(0, 1) if self.image else x

    @property
    def log_volume(self) -> Tensor:
        """What a log-density gains on the way out, (): −Σ ln factor; 0 for whole numbers, which have probabilities."""
        return self.factor.log().sum() * (-1.0 if self.values is None else 0.0)

    @property
    def numbers(self) -> int:
        """How many make an example."""
        return math.prod(self.shape)


def first(part: Examples, n: int = _SEEN) -> dict[str, np.typing.NDArray[np.generic]]:
    """The first examples of a part, all where they are fewer."""
    return part.take(np.arange(min(part.size or n, n)))
