"""How any data set becomes tokens that are read from left to right, and back."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.objective import Batch

#: Tasks whose fields are tokens already.
TOKENS = ("sequence", "tagging", "masked")


@dataclass(frozen=True)
class Reading:
    """What is read and what is said at each of T steps.

    Tokens of sequences stay as they are. Of whole numbers x of a density, flattened row after row (raster order), step
    t reads x_{t−1} and says x_t; the first reads a token of its own, `values`, that stands for the beginning. So
    p(x) = Π p(x_t | x_<t), whatever x is.
    """

    sort: str
    shape: tuple[int, ...]  # of an example's x
    dtype: torch.dtype  # likewise
    inputs: int  # how many different tokens are read
    values: int  # how many different tokens are said
    length: int  # T
    given: int = 1  # so many tokens are read before the first that counts is said

    @classmethod
    def of(cls, data: Data, owner: str = "a sequence model") -> "Reading":
        """How a data set is read. Raises `UserError` where its x are no whole numbers."""
        x = data.fields["x"]
        if x.values is None or not x.shape:
            raise UserError(
                f"{owner} reads tokens, and {data.name} has real numbers; try vae or ddpm, which are for such"
            )
        dtype, length = getattr(torch, x.dtype), int(np.prod(x.shape))
        if data.sort not in TOKENS:
            return cls(data.sort, x.shape, dtype, x.values + 1, x.values, length)
        first = data.test.take(np.arange(1))
        values = data.fields["y"].values or x.values
        return cls(data.sort, x.shape, dtype, x.values, values, length, int(np.argmax(first["w"][0] > 0)) + 1)

    @property
    def begin(self) -> int | None:
        """The token that stands for the beginning; None where the first of x is given."""
        return None if self.sort in TOKENS else self.values

    @property
    def answers(self) -> bool:
        """Whether there is a task to be read first, and an answer that alone counts."""
        return self.given > 1

    def tokens(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """What is read (B, T), what is to be said (B, T), both int64, and the weight of each in a log-likelihood."""
        if self.begin is None:
            return batch["x"], batch["y"], batch["w"]
        said_BT = batch["x"].flatten(1).long()
        begin_B1 = torch.full_like(said_BT[:, :1], self.begin)
        return torch.cat((begin_B1, said_BT[:, :-1]), 1), said_BT, torch.ones(said_BT.shape, device=said_BT.device)

    def counted(self, batch: Batch) -> Tensor:
        """By how many tokens the nats of an example are divided to be those of one, (B,) or ()."""
        return batch["tokens"] if self.begin is None else torch.tensor(float(self.length))

    def examples(self, said_BT: Tensor) -> Tensor:
        """Tokens (B, T) as the data set's x has them; a sequence may have any length."""
        return said_BT if self.begin is None else said_BT.reshape(-1, *self.shape).to(self.dtype)
