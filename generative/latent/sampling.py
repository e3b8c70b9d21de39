"""How x are drawn once the decoder has said p(x | z)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from daedalus.core.data import Data
from daedalus.core.errors import UserError

from .coder import Coder


@dataclass(frozen=True)
class Drawing:
    """How samples are drawn: codes by `temperature` times as far from the middle as the prior's.

    With `likeliest` x is not drawn from p(x | z) but the likeliest one is taken: of real numbers, the mean.
    """

    temperature: float = 1.0
    likeliest: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UserError(f"temperature must be at least 0, not {self.temperature:g}; 1 samples from the model")


def drawn(data: Data, coder: Coder, told: Tensor, options: Drawing, generator: torch.Generator) -> Tensor:
    """(n, P, D) → x as the data set has it, (n, …)."""
    x = coder.emission.likeliest(told) if options.likeliest else coder.emission.draw(told, generator)
    dtype: torch.dtype = getattr(torch, data.fields["x"].dtype)
    return x.reshape(-1, *coder.shape).to(dtype)
