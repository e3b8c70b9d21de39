"""Embeddings: a row of numbers for each of a finite set. `MLP(one_hot=True)` has one inside, as its first layer."""

from dataclasses import dataclass

import torch
from torch import nn

from daedalus.core.errors import UserError

from .initialise import normal
from .layers import blank


@dataclass(frozen=True)
class Embedding:
    """Rows of `width` numbers for indices below `count`, which begin as N(0, std²); 1 is torch's deviation."""

    count: int
    width: int = 64
    std: float = 1.0

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Embedding:
        """Return (B, *shape) whole numbers → (B, *shape, width)."""
        if self.count < 1 or self.width < 1:
            raise UserError(f"an embedding needs count and width of at least 1, not {self.count} and {self.width}")
        rows = blank(nn.Embedding, self.count, self.width)
        normal(rows.weight, generator, self.std)
        return rows
