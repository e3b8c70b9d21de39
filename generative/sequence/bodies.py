"""What turns embedded steps into features from left to right, and what each body remembers of what it has read.

`forward(x, memory)` reads steps x (B, T, E) that follow those it remembers, and returns their features (B, T, width)
with the memory after them. `begin` is the memory of nothing. Without a memory a sequence begins, and none is kept.
"""

from abc import ABC, abstractmethod
from typing import Any, final

import torch
from torch import Tensor, nn

from daedalus.core.nn.dropout import Dropping
from daedalus.core.nn.layers import linear
from daedalus.core.nn.positions import Learned
from daedalus.core.nn.recurrent import Recurrent, State
from daedalus.core.nn.tcn import TemporalNetwork
from daedalus.core.nn.transformer import Caches, Stack

#: A body's own: a state, caches of keys and values, the last steps, a sum.
Memory = Any


class Body(nn.Module, ABC):
    """A causal network."""

    width: int  # of features
    room: int | None = None  # so many steps it can read from a beginning; None: without end

    @abstractmethod
    def begin(self, batch: int) -> Memory:
        """The memory of nothing."""

    @abstractmethod
    def forward(self, x_BTE: Tensor, memory: Memory = None) -> tuple[Tensor, Memory]:
        """Read on."""


@final
class RecurrentBody(Body):
    """The state is the memory. Dropout on what goes in and comes out, not over time (Zaremba et al. 2014)."""

    def __init__(self, network: Recurrent, dropout: float) -> None:
        super().__init__()
        self.network, self.dropout = network, Dropping(dropout)
        self.width = network.width

    def begin(self, batch: int) -> State:
        """Zeros."""
        return self.network.initial(batch)

    def forward(self, x_BTE: Tensor, memory: State | None = None) -> tuple[Tensor, State | None]:
        """(B, T, E) → (B, T, width)."""
        y, state = self.network(self.dropout(x_BTE), memory)
        return self.dropout(y), None if memory is None else state


@final
class ConvolutionalBody(Body):
    """The memory is as many steps as an output depends on, but for its own."""

    def __init__(self, network: TemporalNetwork) -> None:
        super().__init__()
        self.network, self.width = network, network.width

    def begin(self, batch: int) -> Tensor:
        """No steps, (B, 0, E)."""
        return next(self.parameters()).new_zeros(batch, 0, self.network.features)

    def forward(self, x_BTE: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """(B, T, E) → (B, T, width)."""
        if memory is None:
            return self.network(x_BTE), None
        window = torch.cat((memory, x_BTE), 1)  # (B, M + T, E)
        kept = max(window.shape[1] - (self.network.receptive_field - 1), 0)
        return self.network(window)[:, -x_BTE.shape[1] :], window[:, kept:]


@final
class TransformerBody(Body):
    """The memory is the keys and values of all steps since the beginning, at most `room`."""

    room: int

    def __init__(self, network: Stack, room: int) -> None:
        super().__init__()
        self.network, self.width, self.room = network, network.width, room

    def begin(self, batch: int) -> Caches:
        """Empty caches."""
        return self.network.caches(batch, self.room)

    def forward(self, x_BTE: Tensor, memory: Caches | None = None) -> tuple[Tensor, Caches | None]:
        """(B, T, E) → (B, T, width)."""
        return self.network(x_BTE, caches=memory), memory


@final
class BagBody(Body):
    """x + the mean of x so far, then + a perceptron of it, x being what is read with its position's vector.

    The memory is the sum of all x since the beginning, (B, E), and their number.
    """

    room: int

    def __init__(self, features: int, width: int, room: int, generator: torch.Generator) -> None:
        super().__init__()
        self.width, self.room = width, room
        self.embed = linear(features, width, generator) if features != width else nn.Identity()
        self.positions = Learned(room).build((width,), generator)
        self.widen, self.narrow = linear(width, width, generator), linear(width, width, generator)

    def begin(self, batch: int) -> tuple[Tensor, int]:
        """Nothing."""
        return self.narrow.weight.new_zeros(batch, self.width), 0

    def forward(
        self, x_BTE: Tensor, memory: tuple[Tensor, int] | None = None
    ) -> tuple[Tensor, tuple[Tensor, int] | None]:
        """(B, T, E) → (B, T, width)."""
        before_BE, count = self.begin(x_BTE.shape[0]) if memory is None else memory
        x = self.positions(self.embed(x_BTE), count)
        sum_BTE = before_BE[:, None] + x.cumsum(1)
        counts_T1 = torch.arange(count + 1, count + 1 + x.shape[1], device=x.device)[:, None]
        x = x + sum_BTE / counts_T1
        y = x + self.narrow(torch.tanh(self.widen(x)))
        return y, None if memory is None else (sum_BTE[:, -1], count + x_BTE.shape[1])
